"""Writes the schema as clients read it: python -m schema.export."""

from pathlib import Path

from schema.build import build_schema

SDL = Path(__file__).parent / "schema.graphql"


def sdl() -> str:
    return build_schema().as_str() + "\n"


if __name__ == "__main__":
    SDL.write_text(sdl())
