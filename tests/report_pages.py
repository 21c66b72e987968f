"""What tests of many reports share: whole reports of small cases, and a reader of pages."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import builders

from assess.describe.workload import Workload
from assess.judge.fit_report import judge

HOSTILE = "stu\x1b[31mdent<script>|`*\n.onnx"
ROVER, LAPTOP = builders.device(), builders.device(id="acme-laptop", name="ACME Laptop", identity={"board": ["Other"]})
WHOM, STANDARD = builders.partner(), builders.standard()


def job(name, **requires):
    made = {**builders.WORKLOAD, "requires": {**builders.WORKLOAD["requires"], **requires}}
    return Workload.model_validate({**made, "id": name, "name": f"The {name} job"})


def report(on=ROVER, of=None, work=None, whom=WHOM, standards=(STANDARD,)):
    work = work or job("camera-30hz")
    run = builders.measurement(service_ns=builders.CERTIFYING, workload_id=work.id)
    if of:
        run = replace(run, model=of)
    case = builders.case(of=of, on=on, job=work, whom=whom, run=run)
    return judge(replace(case, standards=standards), run_sha256="ef" * 32, tool="0.1.0")


class Page(HTMLParser):
    """Ids, links, and whether every part that is opened is closed again."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag in ("details", "summary", "div", "table", "ul", "ol", "dl", "h1", "h2", "h4", "p"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and tag in ("details", "summary", "div", "table", "ul", "ol", "dl", "h1", "h2", "h4", "p"):
            assert self.open.pop() == tag
