"""The sample texts, one Markdown file per revision: `<paper>.<username>.<number>.md`."""
