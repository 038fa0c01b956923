"""Skill directories in the forms in which skills are published, and the expected facts of each installed skill.

    for tree in TREES: folder = tree.make(parent); ... tree.fields are the SkillItem's, tree.tools the names of its tools"""
import dataclasses
import hashlib
import pathlib


@dataclasses.dataclass
class Tree:
    folder: str
    files: dict  # path -> text or bytes
    fields: dict  # of the SkillItem
    tools: list = dataclasses.field(default_factory=list)
    description_of_shape: str = ""

    def make(self, parent):
        """Writes the files below `parent`; returns the skill's folder."""
        root = pathlib.Path(parent) / self.folder
        for path, content in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root


def _fields(slug, name, files, references=0, **more):
    return {"slug": slug, "name": name, "description": "", "version": "0.1.0", "runtime_type": "native", "enabled": True,
            "bundle_file_count": files, "context_ref_count": references, **more}


def _chinese_slug(name):
    return "skill-" + hashlib.sha1(name.encode()).hexdigest()[:8]


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0\x1f\x15\xc4\x89"

TREES = [
    Tree("pdf", {
        "SKILL.md": """---
name: pdf
description: Fill in, split and merge PDF forms. Use it when the user mentions PDFs.
license: Proprietary. LICENSE.txt has the terms
allowed-tools:
  - Read
  - Bash(python3:*)
metadata:
  author: ada
  tags: [documents, forms]
---

# PDF

For the details see [the form guide](references/forms.md) and `references/merging.md`.
The logo is assets/logo.png; run scripts/fill.py first.
""",
        "references/forms.md": "# Forms\n\nFields have names.\n",
        "references/merging.md": "# Merging\n\nOrder matters.\n",
        "scripts/fill.py": "import sys\nprint(sys.argv)\n",
        "assets/logo.png": PNG,
        "LICENSE.txt": "All rights reserved.\n",
    }, _fields("pdf", "pdf", 6, 2, description="Fill in, split and merge PDF forms. Use it when the user mentions PDFs."),
        description_of_shape="references, scripts, assets; keys that only other products use"),

    Tree("minutes", {
        "SKILL.md": "Some words before it.\n\n# Meeting Minutes\n\nWrite down who said what.\n",
    }, _fields("meeting-minutes", "Meeting Minutes", 1), description_of_shape="no front matter: the name is the first heading's"),

    Tree("bare-notes", {
        "SKILL.md": "Just do what the user says, and keep notes.\n",
        "notes.txt": "none yet\n",
    }, _fields("bare-notes", "bare-notes", 2), description_of_shape="neither front matter nor heading: the name is the folder's"),

    Tree("weather-zh", {
        "SKILL.md": """---
name: 天气查询
description: 查询任意城市的天气：今天、明天、后天
version: "1.2"
---

# 天气

参考 [城市列表](references/城市.md)。
""",
        "references/城市.md": "北京、上海、广州\n",
    }, _fields(_chinese_slug("天气查询"), "天气查询", 2, 1, description="查询任意城市的天气：今天、明天、后天", version="1.2"),
        description_of_shape="a Chinese name, Chinese file names"),

    Tree("csv-report", {
        "SKILL.md": """---
name: "CSV: Report (v2)"
description: 'It''s for tables: sums, means'
version: 2.0.1
runtime_type: native
tools:
  - name: summarise
    description: Sums up one column
    parameters:
      path: {type: string, description: "the file"}
      column:
        type: string
    required: [path, column]
    entry:
      command: python3 scripts/summarise.py
      exec_dir: /home/ubuntu/workspace/csv
    policy: {risk_level: low}
  - name: delete_rows
    description: Removes rows
    parameters: {}
    required: []
    entry: {command: python3 scripts/delete.py}
    policy:
      risk_level: high
      model_invocable: false
activation:
  keywords: [csv, table, 表格]
policy:
  risk_level: medium
---
Sum up tables.
""",
        "scripts/summarise.py": "print(1)\n",
        "scripts/delete.py": "print(2)\n",
    }, _fields("csv-report-v2", "CSV: Report (v2)", 3, description="It's for tables: sums, means", version="2.0.1"), ["summarise", "delete_rows"],
        "native tools with commands"),

    Tree("issue-tracker", {
        "SKILL.md": """---
name: Issue Tracker
description: Finds and files issues
runtime_type: mcp
tools:
- name: search
  description: Finds issues
  parameters: {query: {type: string}}
  required: [query]
  entry: {tool_name: mcp_tracker_search}
---
# Issue Tracker
""",
    }, _fields("issue-tracker", "Issue Tracker", 1, description="Finds and files issues", runtime_type="mcp"), ["search"], "mcp"),

    Tree("travel", {
        "SKILL.md": """---
name: travel-planner
runtime_type: a2a
description: Asks the travel agent
tools:
  - {name: plan, description: Plans a journey, parameters: {query: {type: string}}, required: [query], entry: {agent_id: travel}}
---
Let the other agent do it.
""",
    }, _fields("travel-planner", "travel-planner", 1, description="Asks the travel agent", runtime_type="a2a"), ["plan"], "a2a, tools in flow style"),

    Tree("folded", {
        "SKILL.md": """---
name: brand-guidelines
description: >-
  Applies the brand's colours
  and fonts.

  Use it for anything that is published.
---
# Brand
""",
    }, _fields("brand-guidelines", "brand-guidelines", 1,
               description="Applies the brand's colours and fonts.\nUse it for anything that is published."), description_of_shape="a folded description"),

    Tree("windows", {
        "SKILL.md": "\ufeff---\r\nname: Windows Made\r\ndescription: |\r\n  First line\r\n  Second line\r\n---\r\n# Windows\r\n\r\n[more](docs\\more.md) [this](docs/more.md)\r\n",
        "docs/more.md": "more\r\n",
    }, _fields("windows-made", "Windows Made", 2, 1, description="First line\nSecond line"), description_of_shape="byte order mark, Windows line ends, literal text that loses its last break"),

    Tree("odd-type", {
        "SKILL.md": "---\nname: Odd Type\nruntime_type: docker\ndescription:\n---\n---\nA rule above, no second front matter.\n",
    }, _fields("odd-type", "Odd Type", 1), description_of_shape="an unknown runtime_type falls back to native; an empty value"),

    Tree("broken-yaml", {
        "SKILL.md": "---\nname: broken\ndescription: Use this when: asked\n---\n# Fallback Title\n",
    }, _fields("broken", "broken", 1, description="Use this when: asked"), description_of_shape="front matter that is no YAML is read line by line"),

    Tree("linked", {
        "SKILL.md": """---
name: linked
description: Has links of all kinds
---
[a](references/a.md) [again](references/a.md) [web](https://example.com/references/b.md) [part](references/b.md#part) [none](references/none.md)
[data](assets/data.json "a title") and bare: references/c.yaml, scripts/run.sh, references/d.txt.
""",
        "references/a.md": "a\n", "references/b.md": "b\n", "references/c.yaml": "c: 1\n", "references/d.txt": "d\n",
        "assets/data.json": "{}\n", "scripts/run.sh": "#!/bin/sh\n",
    }, _fields("linked", "linked", 7, 4, description="Has links of all kinds"), description_of_shape="links that count and links that do not"),
]
