"""Holds documents on standard input to Kubernetes's own schemas, strictly: a field that is not known is an error, as it would be for `kubectl apply`.

Standard input is a JSON list of [label, YAML text]; one line is printed per document that is wrong, and the number of all at the end. Documents of other
people's kinds are held to the schemas beside this file, which have what our templates use and nothing else. Also what no schema says: that a
selector finds the pods it is meant for, and that every pod is "restricted" by the Pod Security Standards where it is said to be.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

VERSIONS = ("1.27", "1.37")
OWN = pathlib.Path(__file__).parent / "schemas"


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document is not None]


def schema_problem(document):
    kind = document["kind"].lower()
    own = OWN / f"{kind}.json"
    if own.exists():
        schema = json.loads(own.read_text())
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
        return None if error is None else f"{error.json_path}: {error.message}"
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            return f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            return error.message
    return None


def pod_of(document):
    spec = document.get("spec", {})
    return (None if "template" not in spec else spec["template"]) if document["kind"] != "Pod" else document


def unrestricted(pod):
    """@see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    spec = pod["spec"]
    of_pod = spec.get("securityContext", {})
    if of_pod.get("runAsNonRoot") is not True or of_pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "runAsNonRoot and seccompProfile are not set"
    if spec.get("automountServiceAccountToken") is not False:
        yield "a token is mounted"
    if spec.get("enableServiceLinks") is not False:
        yield "service links would set STARKEEP_ names that are not known"
    for container in spec["containers"] + spec.get("initContainers", []):
        own = container.get("securityContext", {})
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
        if any(own.get(name) is not value for name, value in wanted.items()) or own["capabilities"]["drop"] != ["ALL"]:
            yield f"container {container['name']} is not restricted"
        if "memory" not in container.get("resources", {}).get("limits", {}):
            yield f"container {container['name']} has no memory limit"


def selector_problems(all_documents):
    pods = [pod["metadata"].get("labels", {}) for pod in map(pod_of, all_documents) if pod is not None]
    accounts = {d["metadata"]["name"] for d in all_documents if d["kind"] == "ServiceAccount"}
    named = {(d["kind"], d["metadata"]["name"]) for d in all_documents}
    for document in all_documents:
        spec = document.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector")
        where = f"{document['kind']} {document['metadata']['name']}"
        if selector is not None and document["kind"] != "ServiceMonitor":
            labels = selector.get("matchLabels", selector)
            if not any(labels.items() <= pod.items() for pod in pods):
                yield f"{where} selects no pod"
        target = spec.get("scaleTargetRef")
        if target is not None and (target.get("kind", "Deployment"), target["name"]) not in named:
            yield f"{where} scales what is not there"
        pod = pod_of(document)
        if pod is not None and accounts and pod["spec"].get("serviceAccountName", "default") not in accounts | {"default"}:
            yield f"{where} runs as an account that is not there"


def main():
    problems, count = [], 0
    for label, text in json.load(sys.stdin):
        found = documents(text)
        count += len(found)
        is_chart = label.startswith("chart")
        for document in found:
            where = f"{label}: {document['kind']} {document['metadata']['name']}"
            problem = schema_problem(document)
            if problem is not None:
                problems.append(f"{where}: {problem}")
            pod = pod_of(document)
            if is_chart and pod is not None:
                problems += [f"{where}: {problem}" for problem in unrestricted(pod)]
        problems += [f"{label}: {problem}" for problem in selector_problems(found)]
    for problem in problems:
        print(problem)
    print(count)
    sys.exit(1 if problems else 0)


main()
