"""What must become of a message on results, told from its text alone.

A second reading of the rules, beside that of the writer: message_classes_test.py compares them.
"""
import json
import re

UINT32_MAX = 2 ** 32 - 1
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
REQUIRED = ("fingerprints", "reports", "system")
STORED, EMPTY = "stored", "empty"
TEXTS = ("user_vote", int), ("disabled", bool), *((name, str) for name in (
    "component", "key", "disable_feedback", "disabled_at", "impacted"))


class Refused(Exception):
    """With the text for people, or a part of it, and whether the envelope was good before."""

    def __init__(self, text, received=False, read=True):
        super().__init__(text)
        self.text, self.received, self.read = text, received, read


def _no_constant(name):
    raise ValueError(name)


def _typed(value, kind):
    return value is None or type(value) is kind


def _number(value, most):
    return value is None or type(value) is int and 0 <= value <= most


def judge(value):
    """STORED, EMPTY or Refused for the bytes of a message."""
    try:
        message = json.loads(value.decode("utf-8"), parse_constant=_no_constant)
    except ValueError:
        return Refused("", read=False)
    try:
        return _judge(message)
    except Refused as refused:
        return refused


def _judge(message):
    if not isinstance(message, dict):
        raise Refused("", read=False)
    get = {name.lower(): one for name, one in message.items()}.get
    metadata = get("metadata")
    if not (_number(get("orgid"), UINT32_MAX) and _number(get("accountnumber"), UINT32_MAX) and
            _number(get("version"), 255) and _typed(get("clustername"), str) and
            _typed(get("lastchecked"), str) and _typed(get("requestid"), str) and
            _typed(get("report"), dict) and _typed(metadata, dict)):
        raise Refused("")
    gathered = (metadata or {}).get("gathering_time")
    if not (gathered is None or isinstance(gathered, str) and TIME.fullmatch(gathered)):
        raise Refused("")
    for name in ("OrgID", "ClusterName", "Report"):
        if get(name.lower()) is None:
            raise Refused(f"missing required attribute '{name}'")
    if not UUID.fullmatch(get("clustername")):
        raise Refused("cluster name is not a UUID")
    report = get("report")
    missing = [name for name in REQUIRED if name not in report]
    if missing:
        if all(_is_empty(name, one) for name, one in report.items()):
            return EMPTY
        raise Refused("improper report structure, missing key(s) with name "
                      f"'[{' '.join(missing)}]'", received=True)
    _check_findings(report)
    if not TIME.fullmatch(get("lastchecked") or ""):
        raise Refused('parsing time "', received=True)
    return STORED


def _is_empty(name, one):
    if name == "analysis_metadata":
        return True
    if name == "system" and isinstance(one, dict):
        return one.get("hostname") in (None, "")
    return one in ([], {}, None)


def _check_findings(report):
    good = isinstance(report["reports"], list)
    for name in ("reports", "skips", "pass"):
        good = good and _typed(report.get(name), list)
        for one in report.get(name) or [] if good else []:
            good = good and _typed(one, dict) and all(
                _typed((one or {}).get(member), kind) for member, kind in TEXTS)
    good = good and _typed(report.get("info"), list) and _typed(report.get("TotalCount"), int)
    for one in report.get("info") or [] if good else []:
        details = (one or {}).get("details")
        good = good and _typed(one, dict) and _typed(one.get("info_id"), str) and \
            _typed(one.get("key"), str) and _typed(details, dict) and \
            all(_typed(text, str) for text in (details or {}).values())
    if not good:
        raise Refused("", received=True)
