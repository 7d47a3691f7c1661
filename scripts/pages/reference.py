"""The pages of the reference that are made from the program, in both books."""

import json
import re
import subprocess
import tempfile
import urllib.request

from server import SERVER, Menshen
from tree import BOOKS, Wrong, read

BEGINS, ENDS = "<!-- reference begins -->\n", "<!-- reference ends -->"
NEEDS = {"bearer": "an access token", "admin_key": "an admin key"}
METHODS = ("get", "post", "put", "patch", "delete")
# Any request can end so: the page says it once.
EVERYWHERE = {
    "malformed_json",
    "invalid_request",
    "method_not_allowed",
    "payload_too_large",
    "unsupported_media_type",
    "internal",
    "unavailable",
}
ADVICE = "is out of date: run `scripts/book reference`"


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def name_of(reference):
    return reference["$ref"].rsplit("/", 1)[1]


def anchor(text):
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def shape(schema):
    """A type in a few words."""
    if "$ref" in schema:
        return f"[{name_of(schema)}](#{name_of(schema).lower()})"
    if "oneOf" in schema:
        return " or ".join(shape(each) for each in schema["oneOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "allOf" in schema:
        return " and ".join(shape(each) for each in schema["allOf"] if "$ref" in each) or "object"
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = [f"list of {shape(schema['items'])}" if kind == "array" and "items" in schema else kind for kind in kinds]
    limits = [
        f"{name} {schema[key]}"
        for key, name in (("format", ""), ("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"))
        if key in schema
    ]
    return " or ".join(words) + (f" ({', '.join(limit.strip() for limit in limits)})" if limits else "")


def meaning(schema):
    """What is said about it, and an example."""
    told = [schema.get("description", "")] + [each.get("description", "") for each in schema.get("oneOf", ())]
    text = " ".join(dict.fromkeys(filter(None, told)))
    example = schema.get("example")
    shown = example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)
    return cell(f"{text} Example: `{shown}`" if example is not None else text)


def members(schema):
    required = schema.get("required", ())
    rows = ["| member | type | required | meaning |", "| --- | --- | --- | --- |"]
    for member, given in sorted(
        schema.get("properties", {}).items(), key=lambda each: (each[0] not in required, each[0])
    ):
        rows.append(f"| `{member}` | {cell(shape(given))} | {'yes' if member in required else ''} | {meaning(given)} |")
    return rows


def object_of(name, schema):
    """An object with its members; what it takes over from another one is named."""
    told = [schema["description"], ""] if schema.get("description") else []
    return [f"### {name}", "", *told, *parts_of(schema)]


def parts_of(schema):
    lines = []
    for part in schema.get("allOf", ()):
        lines += [f"The members of {shape(part)}, and:", ""] if "$ref" in part else parts_of(part)
    for form in schema.get("oneOf", ()):
        lines += [f"One form. {form.get('description', '')}".strip(), "", *parts_of(form)]
    if schema.get("properties"):
        lines += [*members(schema), ""]
    return lines or [f"It is {shape(schema)}.", ""]


def body_of(content):
    """The types that a body may have, and those inside the envelope."""
    found = []
    for media, given in sorted(content.items()):
        schema = given.get("schema", {})
        inner = schema.get("properties", {}).get("data", schema)
        told = shape(inner) if "$ref" in inner or inner.get("type") not in (None, "object") else ""
        found.append(told if media == "application/json" and told else f"`{media}`" + (f": {told}" if told else ""))
    return ", ".join(found)


def failures(responses):
    rows = []
    for status, given in sorted(responses.items()):
        codes = re.findall(r"^- `(\w+)`", given.get("description", ""), re.M)
        told = [code for code in codes if code not in EVERYWHERE]
        if told:
            rows.append(f"{status} " + ", ".join(f"`{code}`" for code in told))
    return "; ".join(rows)


def plain(text):
    return " ".join((text or "").split())


def parameter_of(given):
    required = ", required" if given.get("required") else ""
    return f"- `{given['name']}` ({given['in']}{required}): {plain(given.get('description'))}".removesuffix(": ")


def route(method, path, given):
    lines = [f"### `{method.upper()} {path}`", "", plain(f"{given['summary']}. {given.get('description', '')}"), ""]
    needs = [NEEDS[name] for requirement in given.get("security", ()) for name in requirement]
    if needs:
        lines.append(f"- Needs: {' or '.join(needs)}")
    lines += [parameter_of(parameter) for parameter in given.get("parameters", ())]
    if "requestBody" in given:
        lines.append(f"- Body: {body_of(given['requestBody']['content'])}")
    for status, answer in sorted(given["responses"].items()):
        if status < "400":
            lines.append(f"- Answers: {status} {body_of(answer.get('content', {})) or plain(answer['description'])}")
    if told := failures(given["responses"]):
        lines.append(f"- Fails: {told}")
    return [*lines, ""]


def routes(described):
    """The page of the routes."""
    listed = [
        (given["tags"][0], method, path, given)
        for path, methods in described["paths"].items()
        for method, given in methods.items()
        if method in METHODS
    ]
    page = []
    for tag in described["tags"]:
        mine = sorted((each for each in listed if each[0] == tag["name"]), key=lambda each: (each[2], each[1]))
        page += [f"## {tag['name']}", "", tag["description"], ""]
        page += [
            f"- [`{method.upper()} {path}`](#{anchor(f'{method} {path}')}): {given['summary']}"
            for _, method, path, given in mine
        ] + [""]
        for _, method, path, given in mine:
            page += route(method, path, given)
    page += ["## Objects", ""]
    for name, schema in sorted(described["components"]["schemas"].items()):
        page += object_of(name, schema)
    return "\n".join(page)


def help_of(arguments):
    done = subprocess.run([SERVER, *arguments, "--help"], check=True, capture_output=True, text=True, timeout=30)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()


def commands(arguments=()):
    """The help of a command, and of those below it."""
    said = help_of(arguments)
    page = [f"## `{' '.join(('menshen', *arguments))}`", "", "```text", said, "```", ""]
    listed = re.search(r"^Commands:\n((?:  .*\n|\n)+)", said + "\n", re.M)
    for name in re.findall(r"^  (\S+)", listed[1], re.M) if listed else ():
        if name != "help":
            page += commands((*arguments, name))
    return page


def made():
    """What stands between the marks of each page."""
    with tempfile.TemporaryDirectory() as folder, Menshen(folder) as running:
        with urllib.request.urlopen(f"{running.base}/openapi.json", timeout=10) as answer:
            described = json.load(answer)
    settings = subprocess.run(
        [SERVER, "config", "reference"], check=True, capture_output=True, text=True, timeout=30
    ).stdout
    return {
        "reference/routes.md": routes(described),
        "reference/commands.md": "\n".join(commands()),
        "configuration.md": settings,
    }


def pages():
    for page, text in made().items():
        for folder in BOOKS.values():
            file = f"{folder}/{page}"
            before, found, rest = read(file).partition(BEGINS)
            old, closed, after = rest.partition(ENDS)
            if not (found and closed):
                raise Wrong(f"{file} has not the marks {BEGINS.strip()} and {ENDS}")
            yield file, old, text, before + BEGINS + text + ENDS + after


def compare():
    stale = [f"{file} {ADVICE}" for file, old, new, _ in pages() if old != new]
    if stale:
        raise Wrong("\n".join(stale))
    return "routes, commands and settings"


def write():
    for file, old, new, whole in list(pages()):
        if old != new:
            with open(file, "w", encoding="utf-8") as page:
                page.write(whole)
            print(f"written: {file}")
