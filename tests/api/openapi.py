"""The served OpenAPI document, and whether an answer is within it.

As much of OpenAPI 3.0 as the document may use: an unknown word in a schema is a mistake of this
file or of the document, and told as one.
"""
import json
import re

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Words of a schema that say nothing about values.
WORDS_PASSED_OVER = {"description", "example", "examples", "default", "title", "deprecated",
                     "externalDocs", "readOnly", "writeOnly", "format"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


class Document:
    def __init__(self, text):
        self.root = json.loads(text)
        self.operations = {}
        for path, item in self.root["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[method.upper(), path] = Operation(self, method, path, item)

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            place = self.root
            for name in node["$ref"].removeprefix("#/").split("/"):
                place = place[name.replace("~1", "/").replace("~0", "~")]
            node = place
        return node

    def find(self, method, path):
        """The operation for a path below the prefix, as it stands in a request, or None."""
        path = "/" + path.partition("?")[0]
        for operation in self.operations.values():
            if operation.method == method and operation.pattern.fullmatch(path):
                return operation
        return None

    def outside(self, method, target, prefix, answer):
        """In what an answer to this request is not in the document, a line each.

        What is said of requests to no operation (301, 404 as text, 405) stands in no document.
        """
        if answer.status in (301, 405) or answer.status in (400, 404) and \
                answer.headers.get("content-type", "").startswith("text/plain"):
            return
        operation = self.find(method, target.removeprefix(prefix)) \
            if target.startswith(prefix) else None
        if operation:
            yield from operation.outside(answer)

    def mistakes(self):
        """What is wrong with the document itself, a line each."""
        if not str(self.root.get("openapi", "")).startswith("3."):
            yield f"openapi: {self.root.get('openapi')!r}"
        for name in ("title", "version"):
            if not isinstance(self.root.get("info", {}).get(name), str):
                yield f"info.{name} is missing"
        identifiers = [operation.node.get("operationId") for operation in self.operations.values()]
        for name in {one for one in identifiers if identifiers.count(one) > 1}:
            yield f"operationId {name!r} is there {identifiers.count(name)} times"
        for operation in self.operations.values():
            yield from operation.mistakes()
        yield from self.broken_references(self.root, "")

    def broken_references(self, node, place):
        if isinstance(node, dict):
            if "$ref" in node:
                try:
                    self.resolve(node)
                except (KeyError, TypeError):
                    yield f"{place}: {node['$ref']} is nowhere"
            for name, value in node.items():
                yield from self.broken_references(value, f"{place}/{name}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                yield from self.broken_references(value, f"{place}/{number}")

    # ---- values ----

    def violations(self, schema, value, place="body"):
        """In what `value` is not as the schema says, a line each."""
        schema = self.resolve(schema)
        if value is None and schema.get("nullable"):
            return
        for word, wanted in schema.items():
            check = getattr(self, "_" + word.replace("$", ""), None)
            if check:
                yield from check(schema, wanted, value, place)
            elif word not in WORDS_PASSED_OVER and not word.startswith("x-"):
                yield f"{place}: the schema has {word!r}, which nobody here knows"

    def _type(self, _schema, wanted, value, place):
        if wanted == "integer":
            good = isinstance(value, int) and not isinstance(value, bool)
        elif wanted == "number":
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
        else:
            good = isinstance(value, TYPES[wanted])
        if not good:
            yield f"{place}: wanted {wanted}, got {value!r:.100}"

    def _nullable(self, *_):
        return ()

    def _enum(self, _schema, wanted, value, place):
        if value not in wanted:
            yield f"{place}: wanted one of {wanted}, got {value!r:.100}"

    def _required(self, _schema, wanted, value, place):
        if isinstance(value, dict):
            for name in wanted:
                if name not in value:
                    yield f"{place}: {name} is missing"

    def _properties(self, _schema, wanted, value, place):
        if isinstance(value, dict):
            for name in wanted.keys() & value.keys():
                yield from self.violations(wanted[name], value[name], f"{place}.{name}")

    def _additionalProperties(self, schema, wanted, value, place):
        if not isinstance(value, dict):
            return
        for name in value.keys() - schema.get("properties", {}).keys():
            if wanted is False:
                yield f"{place}: {name} is not in the document"
            elif isinstance(wanted, dict):
                yield from self.violations(wanted, value[name], f"{place}.{name}")

    def _items(self, _schema, wanted, value, place):
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self.violations(wanted, one, f"{place}[{number}]")

    def _pattern(self, _schema, wanted, value, place):
        if isinstance(value, str) and not re.search(wanted, value):
            yield f"{place}: {value!r:.100} is not {wanted}"

    def _minimum(self, _schema, wanted, value, place):
        if isinstance(value, (int, float)) and value < wanted:
            yield f"{place}: {value} is below {wanted}"

    def _maximum(self, _schema, wanted, value, place):
        if isinstance(value, (int, float)) and value > wanted:
            yield f"{place}: {value} is over {wanted}"

    def _minLength(self, _schema, wanted, value, place):
        if isinstance(value, str) and len(value) < wanted:
            yield f"{place}: shorter than {wanted}"

    def _maxLength(self, _schema, wanted, value, place):
        if isinstance(value, str) and len(value) > wanted:
            yield f"{place}: longer than {wanted}"

    def _minItems(self, _schema, wanted, value, place):
        if isinstance(value, list) and len(value) < wanted:
            yield f"{place}: fewer than {wanted}"

    def _maxItems(self, _schema, wanted, value, place):
        if isinstance(value, list) and len(value) > wanted:
            yield f"{place}: more than {wanted}"

    def _allOf(self, _schema, wanted, value, place):
        for one in wanted:
            yield from self.violations(one, value, place)

    def _anyOf(self, _schema, wanted, value, place):
        tries = [list(self.violations(one, value, place)) for one in wanted]
        if all(tries):
            yield f"{place}: none of {len(wanted)}: {tries[0][0]}"

    def _oneOf(self, _schema, wanted, value, place):
        good = sum(not list(self.violations(one, value, place)) for one in wanted)
        if good != 1:
            yield f"{place}: {good} of {len(wanted)} schemas fit, wanted one"


class Operation:
    def __init__(self, document, method, path, item):
        self.document, self.method, self.path = document, method.upper(), path
        self.node = item[method]
        self.parameters = {}
        for parameter in [*item.get("parameters", []), *self.node.get("parameters", [])]:
            parameter = document.resolve(parameter)
            self.parameters[parameter["in"], parameter["name"]] = parameter
        self.names = re.findall(r"\{(\w+)\}", path)
        self.pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def body_schema(self):
        """What the body has to be, or None: it takes none."""
        body = self.document.resolve(self.node.get("requestBody"))
        return body["content"]["application/json"]["schema"] if body else None

    def mistakes(self):
        declared = {name for where, name in self.parameters if where == "path"}
        if declared != set(self.names):
            yield f"{self}: variables {self.names}, parameters {sorted(declared)}"
        for (where, name), parameter in self.parameters.items():
            if where == "path" and parameter.get("required") is not True:
                yield f"{self}: {name} is not required"
            if "schema" not in parameter:
                yield f"{self}: {name} has no schema"
        if not self.node.get("responses"):
            yield f"{self}: no responses"
        for status, response in self.node.get("responses", {}).items():
            if not isinstance(self.document.resolve(response).get("description"), str):
                yield f"{self}: {status} has no description"

    def response(self, status):
        responses = self.node["responses"]
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in responses:
                return self.document.resolve(responses[name])
        return None

    def outside(self, answer):
        """In what an answer is not in the document, a line each."""
        response = self.response(answer.status)
        if response is None:
            yield f"{self}: status {answer.status} is not in the document"
            return
        kind = answer.headers.get("content-type", "").partition(";")[0]
        content = response.get("content", {})
        if not content:
            if answer.body:
                yield f"{self}: {answer.status} has a body, which is not in the document"
            return
        if kind not in content:
            yield f"{self}: {answer.status} is {kind!r}, the document has {list(content)}"
            return
        if kind == "application/json":
            try:
                value = json.loads(answer.body)
            except ValueError as error:
                yield f"{self}: {answer.status} is not JSON: {error}"
                return
            for line in self.document.violations(content[kind].get("schema", {}), value):
                yield f"{self}: {answer.status}: {line}"
