"""Cuts the compiled schema of OCSF to what `esaudit` writes.

    git clone --branch v1.5.0 https://github.com/ocsf/ocsf-schema && pip install ocsf-lib
    python3 -m ocsf.compile ocsf-schema | python3 testdata/ocsf/cut.py ocsf-schema > testdata/ocsf/1.5.0.json
"""
import json
import pathlib
import sys

CLASSES = ["authentication", "account_change", "entity_management", "api_activity", "detection_finding"]
OBJECTS = [
    "actor", "analytic", "api", "attack", "autonomous_system", "evidences", "finding_info", "http_request", "location",
    "managed_entity", "metadata", "network_endpoint", "observable", "product", "service", "sub_technique", "technique", "url",
    "user",
]


def without_profile(schema, name):
    """Attributes of which a class says itself that no profile has to be named for them (`"profile": null`): `ocsf-lib` leaves
    out what is null, and gives them the profile of the base event."""
    file = next(schema.glob(f"events/**/{name}.json"))
    attributes = json.loads(file.read_text())["attributes"]
    return {name for name, about in attributes.items() if isinstance(about, dict) and about.get("profile", "") is None}


def attribute(about):
    cut = {"type": about["type"]}
    if about.get("is_array"):
        cut["array"] = True
    if about.get("requirement") == "required":
        cut["required"] = True
    if about.get("profile"):
        cut["profile"] = about["profile"]
    if about.get("enum"):
        cut["enum"] = sorted(about["enum"], key=int) if all(key.isdigit() for key in about["enum"]) else sorted(about["enum"])
    return cut


def thing(about):
    cut = {"attributes": {name: attribute(value) for name, value in sorted(about["attributes"].items())}}
    if about.get("constraints"):
        cut["constraints"] = about["constraints"]
    return cut


def event_class(source, schema, name):
    about = schema["classes"][name]
    for free in without_profile(source, name):
        about["attributes"][free].pop("profile", None)
    return str(about["uid"]), thing(about) | {"name": name}


def main():
    source = pathlib.Path(sys.argv[1])
    schema = json.load(sys.stdin)
    classes = dict(event_class(source, schema, name) for name in CLASSES)
    objects = {name: thing(schema["objects"][name]) for name in OBJECTS}
    cut = {"version": schema["version"], "classes": classes, "objects": objects}
    # One attribute a line.
    print(json.dumps(cut, separators=(",", ":")).replace('},"', '},\n"'))


main()
