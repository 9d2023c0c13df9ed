"""The schema as clients read it."""

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    is_specified_scalar_type,
)

from schema.export import SDL, sdl


def test_the_committed_file_is_what_the_code_says() -> None:
    assert SDL.read_text() == sdl(), "run python -m schema.export"


def test_everything_is_described() -> None:
    silent = []
    for name, type_ in build_schema(sdl()).type_map.items():
        if name.startswith("__") or is_specified_scalar_type(type_):
            continue
        if not type_.description:
            silent.append(name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in type_.fields.items():
                silent += [] if field.description else [f"{name}.{key}"]
                silent += [f"{name}.{key}({k})" for k, arg in field.args.items() if not arg.description]
        if isinstance(type_, GraphQLInputObjectType):
            silent += [f"{name}.{key}" for key, field in type_.fields.items() if not field.description]
        if isinstance(type_, GraphQLEnumType):
            silent += [f"{name}.{key}" for key, value in type_.values.items() if not value.description]
    assert silent == []
