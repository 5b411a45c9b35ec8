#!/usr/bin/env python3
"""check_stream_schema.py SCHEMA LINES: each line fits the schema, and one that lacks or misspells a field does not.

The published schema lets readers see fields, types and values of later versions; the strict copy made here does not."""

import copy
import json
import sys

import jsonschema

OPTIONAL = {"padded_samples", "end_sample", "peak_dbfs", "mean_confidence"}
LATER = [
    '{"type":"weather","seq":7}',
    '{"type":"bye","reason":"SIGTERM","until":"tomorrow"}',
    '{"type":"source","seq":1,"source":"mic","state":"dreaming","detail":""}',
    '{"type":"gap","seq":1,"source":"mic","start_sample":0,"samples":5,"reason":"moon"}',
    '{"type":"error","code":"too_loud","message":""}',
]
WRONG = [
    '[]',
    '{"reason":"no type"}',
    '{"type":"bye","reason":5}',
    '{"type":"clock","seq":0,"step_s":1}',
    '{"type":"gap","seq":1,"source":"mic","start_sample":0,"samples":5,"reason":"overload"}',
    '{"type":"event","seq":1,"phase":"middle","event_id":"1","source":"mic","label":"dog","start_sample":0}',
]


def close(schema):
    """No fields but those that are listed."""
    if isinstance(schema, list):
        for each in schema:
            close(each)
    elif isinstance(schema, dict):
        for each in list(schema.values()):
            close(each)
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)


def strict_copy(schema):
    strict = copy.deepcopy(schema)
    for name in strict["definitions"]:
        if name.startswith("later_"):
            strict["definitions"][name] = False
    close(strict)
    return strict


def fields(value, path=()):
    """Where each field of a message is; labels in `scores` are none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path, key
            if key != "scores":
                yield from fields(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from fields(inner, path + (index,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def main():
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft7Validator.check_schema(schema)
    published, strict = jsonschema.Draft7Validator(schema), jsonschema.Draft7Validator(strict_copy(schema))
    problems, changes = [], 0

    def expect(validator, message, valid, what):
        if validator.is_valid(message) != valid:
            problems.append(f"{what}: {json.dumps(message)}")

    lines = [json.loads(line) for line in open(sys.argv[2])]
    for line in lines:
        expect(published, line, True, "does not fit")
        expect(strict, line, True, "does not fit the strict copy")
        for path, key in list(fields(line)):
            changed = copy.deepcopy(line)
            value = at(changed, path).pop(key)
            # `label` is a group's in `why`; `scores` a prediction has unless a client wants none.
            may_lack = key in OPTIONAL or (key == "label" and path == ("why",)) or (key == "scores" and not path)
            if not may_lack or (key == "end_sample" and line.get("phase") == "end"):
                expect(published, changed, False, f"lacks {key} unnoticed")
            at(changed, path)[key + "_"] = value
            expect(strict, changed, False, f"misspells {key} unnoticed")
            changes += 1
    for text in LATER:
        expect(published, json.loads(text), True, "is of a later version and does not fit")
        expect(strict, json.loads(text), False, "is of a later version and fits the strict copy")
    for text in WRONG:
        expect(published, json.loads(text), False, "is wrong and fits")
    print(f"{len(lines)} lines, {changes} fields taken away and misspelt")
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
