"""The rules of the house that no linter knows, each a function from one file to its offences.

Rule: a rule looks at one file and says what is wrong where; exceptions are listed here, with their reason.
"""

import ast
import re
from collections.abc import Callable, Iterator

from tests.house import layers
from tests.house.source import Offence, Source

Rule = Callable[[Source], Iterator[Offence]]

FILE_LINES, CLASS_LINES, FUNCTION_LINES = 400, 200, 40
SIZED_SUFFIXES = {".py", ".cpp", ".hpp", ".h", ".i"}

BANNED_WORDS = {
    "manager", "helper", "helpers", "util", "utils", "processor", "data", "info", "base", "common", "wrapper",
    "impl", "handler", "handle", "bot",
}  # fmt: skip
# `handle` names the session's one method, also where a story looks over its shoulder.
SESSIONS = {layers.PURE_FROM, "tests.drive.call"}
# Words of others: what an interface of theirs is called, or what a standard calls it.
FOREIGN_NAMES = {
    "base_url": "what every OpenAI SDK calls it",
    "raw_data": "what ONNX calls a tensor's bytes",
    "exc_info": "logging, and structlog after it",
    "of_info": "SIP's method INFO, RFC 6086",
    "APT_HELPER": "apt's own program apt-helper",
    "NO_COMMON": "in the sense of RFC 3264: two offers with no codec in common",
    "NoCommon": "likewise",
}

FOREIGN_SIGNATURES = {"data_received", "datagram_received"}  # of asyncio's protocols

ENVIRONMENT_READER = "telephony/settings.py"
BROAD_EXCEPT = {
    "telephony/call.py": "one call's fault ends that call only",
    "telephony/media/bridge.py": "all legs wake up together, and one leg's fault ends that leg only",
    "telephony/sip/thread.py": "an exception must not unwind pjsua2; it goes to the call or to whoever awaits",
}

# What only one place knows.
CONFINED = {
    "pjsua2": ["telephony.sip", "telephony.media"],
    "redis": ["telephony.state"],
    "hiredis": ["telephony.state"],
}

# What waits, reads a clock, talks, draws lots or reads the environment.
IMPURE = {
    "asyncio", "concurrent", "ctypes", "http", "logging", "multiprocessing", "os", "queue", "random", "sched",
    "secrets", "select", "selectors", "signal", "socket", "ssl", "structlog", "subprocess", "tempfile",
    "threading", "time", "urllib.request", "uuid", "uvloop",
}  # fmt: skip
IMPURE_FUNCTIONS = {"open", "print", "input"}
CLOCK_METHODS = {"now", "utcnow", "today"}
UNWANTED_IN_CORE_TESTS = {"asyncio", "socket", "subprocess", "threading", "time", "unittest", "unittest.mock"}


def sizes(file: Source) -> Iterator[Offence]:
    """File, class and function stay small enough to hold one idea."""
    if file.is_test or file.path.suffix not in SIZED_SUFFIXES:
        return
    lines = len(file.text.splitlines())
    if lines > FILE_LINES:
        yield Offence(file.path, 1, f"{lines} lines, more than {FILE_LINES}: two ideas")
    if not file.is_python:
        return
    for node in ast.walk(file.tree):
        match node:
            case ast.ClassDef():
                limit = CLASS_LINES
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                limit = FUNCTION_LINES
            case _:
                continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > limit:
            yield Offence(file.path, node.lineno, f"{node.name} has {lines} lines, more than {limit}")


def banned_words(file: Source) -> Iterator[Offence]:
    """A name says what a thing is, in the house's own words. (A test's name is a sentence.)"""
    if not file.is_python:
        return
    for line, name in _names_given(file):
        if name in FOREIGN_SIGNATURES or name.startswith("test_") or (name == "handle" and file.module in SESSIONS):
            continue
        plain = name
        for foreign in FOREIGN_NAMES:
            plain = plain.replace(foreign, "")
        for word in sorted(_words(plain) & BANNED_WORDS):
            yield Offence(file.path, line, f"the name {name} holds the word {word}")


def environment(file: Source) -> Iterator[Offence]:
    """The environment is read in one place."""
    if not file.is_ours or str(file.path) == ENVIRONMENT_READER:
        return
    for node in ast.walk(file.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv"):
                yield Offence(file.path, node.lineno, f"os.{node.attr} outside {ENVIRONMENT_READER}")
            case ast.ImportFrom(module="os", names=names):
                for name in names:
                    if name.name in {"environ", "environb", "getenv", "putenv"}:
                        yield Offence(file.path, node.lineno, f"os.{name.name} outside {ENVIRONMENT_READER}")


def broad_except(file: Source) -> Iterator[Offence]:
    """Who catches everything hides everything; who tidies up and raises it again does not."""
    if not file.is_ours or str(file.path) in BROAD_EXCEPT:
        return
    for node in ast.walk(file.tree):
        match node:
            case ast.ExceptHandler(body=[*_, ast.Raise(exc=None)]):
                continue
            case ast.ExceptHandler(type=None):
                yield Offence(file.path, node.lineno, "a bare except")
            case ast.ExceptHandler(type=ast.expr() as caught) if _is_broad(caught):
                yield Offence(file.path, node.lineno, f"except {ast.unparse(caught)}")
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=args):
                if any(_is_broad(caught) for caught in args):
                    yield Offence(file.path, node.lineno, f"{ast.unparse(node)}")


def confinement(file: Source) -> Iterator[Offence]:
    """Signalling is known in one place, and so is the store."""
    if not file.is_ours:
        return
    for line, module in _imports(file.tree):
        for confined, places in CONFINED.items():
            if _is_one_of(module, {confined}) and not layers.is_in(file.module, places):
                yield Offence(file.path, line, f"{confined} outside {' and '.join(places)}")


def core_purity(file: Source) -> Iterator[Offence]:
    """The session and what is below it take time, chance and the world as arguments."""
    if not (file.is_ours and layers.is_pure(file.module)):
        return
    for line, module in _imports(file.tree):
        if _is_one_of(module, IMPURE):
            yield Offence(file.path, line, f"{file.module} is pure and imports {module}")
    for node in ast.walk(file.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_FUNCTIONS:
                yield Offence(file.path, node.lineno, f"{file.module} is pure and calls {name}()")
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_METHODS:
                yield Offence(file.path, node.lineno, f"{file.module} is pure and calls {name}()")
            case ast.Attribute(attr="random" | "default_rng"):
                yield Offence(file.path, node.lineno, f"{file.module} is pure and draws random numbers")


def quiet_core_tests(file: Source) -> Iterator[Offence]:
    """A pure core is tested without loops, clocks and mocks."""
    if not (file.is_python and str(file.path).startswith("tests/core/")):
        return
    for line, module in _imports(file.tree):
        if _is_one_of(module, UNWANTED_IN_CORE_TESTS):
            yield Offence(file.path, line, f"a core test imports {module}")


def no_mocks(file: Source) -> Iterator[Offence]:
    """Behaviour is shown through real parts; a fake is a small real class in tests/drive."""
    if not (file.is_python and file.is_test):
        return
    for line, module in _imports(file.tree):
        if _is_one_of(module, {"unittest.mock", "mock", "pytest_mock"}):
            yield Offence(file.path, line, f"a test imports {module}")


def layer_known(file: Source) -> Iterator[Offence]:
    """Every module has its layer; a package's own file may stay empty instead."""
    if not file.is_ours or file.module == "pipeline.providers" or layers.is_in(file.module, layers.all_modules()):
        return
    if file.path.name != "__init__.py" or any(_imports(file.tree)):
        yield Offence(file.path, 1, f"{file.module} stands in no layer of pyproject.toml")


def _names_given(file: Source) -> Iterator[tuple[int, str]]:
    """Every name that this file gives: its own, and those of what it defines, takes and assigns."""
    yield 1, file.path.stem
    theirs = {
        id(argument)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.FunctionDef) and node.name in FOREIGN_SIGNATURES
        for argument in node.args.args
    }
    for node in ast.walk(file.tree):
        if id(node) in theirs:
            continue
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _is_broad(caught: ast.expr) -> bool:
    match caught:
        case ast.Name(id="Exception" | "BaseException"):
            return True
        case ast.Tuple(elts=parts):
            return any(_is_broad(part) for part in parts)
        case _:
            return False


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for name in names:
                    yield node.lineno, name.name
            case ast.ImportFrom(module=str(module), names=names):
                yield node.lineno, module
                for name in names:
                    yield node.lineno, f"{module}.{name.name}"


def _is_one_of(module: str, unwanted: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in unwanted)


RULES: tuple[Rule, ...] = (
    sizes,
    banned_words,
    environment,
    broad_except,
    confinement,
    core_purity,
    quiet_core_tests,
    no_mocks,
    layer_known,
)
