"""What classes say of themselves in literals, read from the text of a package's files: nothing is imported.

A class attribute counts where its value is a literal, a constant or another class's attribute of the same package, a
tuple or an f-string of these, or a call with such arguments, which stands for the tuple of them (``Cost(2, 1, 1)`` is
(2, 1, 1)). A class stands for its name. Attributes are inherited as Python does, but for those that a root class lists
in its attribute ``own``: what a subclass does not say of itself has the root's value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources

from results.errors import BadInput


@dataclass
class File:
    """One file: its classes, the constants assigned at its top, and where its imported names come from."""

    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """A field of a pydantic model, as its class declares it.

    Attributes
    ----------
    annotation : str
        Its type, as it is written.
    default : object
        Its value where none is given; None also where it takes running code to know it.
    description : str
        What it is.
    owner : str
        The class that declares it last.
    """

    annotation: str
    default: object
    description: str
    owner: str


class NotLiteralError(Exception):
    """The value of an attribute is known only when the class is imported."""


class Declarations:
    """The classes of one package, by module and name.

    Parameters
    ----------
    package : str
        The package; files whose name begins with an underscore are left out.
    """

    def __init__(self, package: str) -> None:
        self._texts: dict[str, str] = {}
        self._files: dict[str, File] = {}
        for entry in sorted(resources.files(package).iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".py") and not entry.name.startswith("_"):
                module = f"{package}.{entry.name.removesuffix('.py')}"
                self._texts[module] = entry.read_text(encoding="utf-8")

    def _file(self, module: str) -> File:
        """A module's declarations; parsed when first asked for, as few of a package's files ever are."""
        if module not in self._files:
            self._files[module] = _contents(_parsed(self._texts[module]))
        return self._files[module]

    def registered(self, registry: str) -> Iterator[tuple[str, str]]:
        """(module, class) of each class decorated with ``registry.register``."""
        decoration = f"{registry}.register"
        for module, text in self._texts.items():
            for name, node in self._file(module).classes.items() if decoration in text else ():
                if any(ast.unparse(decorator) == decoration for decorator in node.decorator_list):
                    yield module, name

    def facts(self, module: str, name: str) -> dict[str, object]:
        """Every literal attribute of a class, inherited ones too; ``doc``, the first line; ``bases``, all by name.

        Raises
        ------
        BadInput
            Where a class says in running code what its base says in a literal: what would be read is the base's.
        """
        line = self._ancestors(module, name)
        said = [self._own(*place) for place in line]
        facts: dict[str, object] = {}
        for place, attributes in zip(reversed(line), reversed(said), strict=True):
            for attribute, value in attributes.items():
                if isinstance(value, NotLiteralError) and attribute in facts:
                    raise BadInput(
                        f"{place[0].replace('.', '/')}.py: {attribute} of {place[1]} is read without running the file, "
                        f"which {value} needs: write it as a literal"
                    )
            facts |= {name: value for name, value in attributes.items() if not isinstance(value, NotLiteralError)}
        names = facts.get("own", ())
        root = next((attributes for attributes in said if "own" in attributes), {})
        for attribute in names if isinstance(names, tuple) else ():
            facts[attribute] = said[0].get(attribute, root.get(attribute))
        doc = ast.get_docstring(self._file(module).classes[name]) or ""
        return facts | {"doc": doc.partition("\n")[0], "bases": tuple(base for _, base in line[1:]), "module": module}

    def fields(self, module: str, name: str, attribute: str) -> dict[str, Described]:
        """The fields of the pydantic model that a class has as ``attribute``, inherited ones first.

        The class that assigns it may be a base, in another file, under a name that is imported there alone.
        """
        models = (self._model(*place, attribute) for place in self._ancestors(module, name))
        model = next((place for place in models if place), None)
        found: dict[str, Described] = {}
        for owner in reversed(self._ancestors(*model)) if model else ():
            for node in self._file(owner[0]).classes[owner[1]].body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    found[node.target.id] = self._field(*owner, node)
        return {field: described for field, described in found.items() if "ClassVar" not in described.annotation}

    def _model(self, module: str, name: str, attribute: str) -> tuple[str, str] | None:
        """Where the class is defined that a class itself assigns to ``attribute``; None where it assigns none."""
        for assigned, value in _assigned(self._file(module).classes[name].body):
            if assigned == attribute and isinstance(value, ast.Name):
                return self._class(module, value.id)
        return None

    def _field(self, module: str, owner: str, node: ast.AnnAssign) -> Described:
        """``name: type = default`` or ``name: type = Field(default, description=…)``."""
        given, described = node.value, ""
        if isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "Field":
            keywords = {keyword.arg: keyword.value for keyword in given.keywords}
            described = str(self._value(module, keywords["description"])) if "description" in keywords else ""
            given = given.args[0] if given.args else keywords.get("default")
        try:
            default = None if given is None else self._value(module, given)
        except NotLiteralError:
            default = None
        return Described(ast.unparse(node.annotation), default, described, owner)

    def _ancestors(self, module: str, name: str) -> list[tuple[str, str]]:
        """The class and those it inherits from within the package, in the order in which Python looks."""
        found = [(module, name)]
        for base in self._file(module).classes[name].bases:
            plain = base.value if isinstance(base, ast.Subscript) else base
            place = self._class(module, plain.id) if isinstance(plain, ast.Name) else None
            found += self._ancestors(*place) if place else []
        # Of a class that is reached twice, the later place counts: the method resolution order of a diamond.
        return list(reversed(dict.fromkeys(reversed(found))))

    def _class(self, module: str, name: str) -> tuple[str, str] | None:
        """Where the class that ``module`` calls ``name`` is defined, if in this package."""
        file = self._file(module)
        if name in file.classes:
            return module, name
        source, original = file.imports.get(name, ("", ""))
        return self._class(source, original) if source in self._texts else None

    def _own(self, module: str, name: str) -> dict[str, object]:
        """The attributes that a class declares itself: their values, or why they cannot be read."""
        found: dict[str, object] = {}
        for attribute, value in _assigned(self._file(module).classes[name].body):
            try:
                found[attribute] = self._value(module, value)
            except NotLiteralError as fault:
                found[attribute] = fault
        return found

    def _value(self, module: str, node: ast.expr) -> object:
        """The value of an expression. Raises NotLiteralError where it takes running code to know it."""
        match node:
            case ast.Name():
                return self._named(module, node.id)
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if place := self._class(module, owner):
                facts = self.facts(*place)
                if attribute in facts:
                    return facts[attribute]
            case ast.Tuple():
                return tuple(self._value(module, element) for element in node.elts)
            case ast.Call(func=ast.Name(), keywords=[]):
                return tuple(self._value(module, argument) for argument in node.args)
            case ast.JoinedStr():
                return "".join(str(self._value(module, part)) for part in node.values)
            case ast.FormattedValue(format_spec=None):
                return self._value(module, node.value)
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise NotLiteralError(ast.unparse(node)) from None

    def _named(self, module: str, name: str) -> object:
        """A constant's value, a class's name."""
        file = self._file(module)
        if name in file.constants:
            return self._value(module, file.constants[name])
        if self._class(module, name):
            return name
        source, original = file.imports.get(name, ("", ""))
        if source in self._texts:
            return self._named(source, original)
        if original[:1].isupper() and not original.isupper():  # a class of another package
            return original
        raise NotLiteralError(name)


def _parsed(text: str) -> ast.Module:
    """The tree of a file without the bodies of its functions, which take most of the time and hold no fact."""
    try:
        return ast.parse(outline(text))
    except SyntaxError:  # a text within a function began further left than the function itself
        return ast.parse(text)


def outline(text: str) -> str:
    """A file's text with ``def _(): ...`` for each function."""
    kept: list[str] = []
    within: int | None = None
    for line in text.splitlines():
        code = line.lstrip()
        indent = len(line) - len(code)
        if within is not None and (not code or indent > within or code.startswith(")")):
            continue
        within = indent if code.startswith(("def ", "async def ")) else None
        kept.append(line if within is None else f"{' ' * indent}def _(): ...")
    return "\n".join(kept)


def _contents(tree: ast.Module) -> File:
    file = File(constants=dict(_assigned(tree.body)))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            file.classes[node.name] = node
        elif isinstance(node, ast.ImportFrom) and node.module:
            file.imports |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    return file


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names and values of the assignments of a body, annotated or not."""
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value
        elif isinstance(statement, ast.Assign):
            yield from ((target.id, statement.value) for target in statement.targets if isinstance(target, ast.Name))
