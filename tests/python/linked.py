"""A vocabulary, and options with which every face links the same entities to it."""

from pathlib import Path

from conftest import command_line

CASES = ("link", "candidates", "several", "pipeline")
FIELDS = ["code", "term", "vocabulary", "concept_id", "standard_concept_id", "similarity"]

TERMS = """term,code,vocabulary,concept_id,entity
fever,R50,LOCAL,1,SYMPTOM
fiebre,R50,LOCAL,1,SYMPTOM
febbre,R50,LOCAL,1,SYMPTOM
chest pain,R07,LOCAL,2,SYMPTOM
dolor torácico,R07,LOCAL,2,SYMPTOM
dolore toracico,R07,LOCAL,2,SYMPTOM
pneumonia,J18,LOCAL,3,DISEASE
neumonía,J18,LOCAL,3,DISEASE
diabetes mellitus,E14,LOCAL,4,DISEASE
"""


def vocabulary(folder: Path, name: str = "own", terms: str = TERMS) -> str:
    """Builds a vocabulary and returns its path."""
    source, path = folder / f"{name}.csv", folder / f"{name}.vocabulary"
    source.write_text(terms, encoding="utf-8")
    command_line("vocabulary", "build", source, "-o", path)
    return str(path)


def options(case: str, folder: Path) -> dict:
    """Returns options as keywords of Python. Vocabularies and a pipeline file are written into the folder."""
    own = vocabulary(folder)
    other = vocabulary(folder, "other", "term,code\ndiarrhea,R19\nfever,OTHER\n")
    pipeline = folder / "set.toml"
    model = '[[model]]\nmodel = "clinical-ner-small"\nname = "small"\n'
    pipeline.write_text(f'link = "own.vocabulary"\nlink_candidates = 2\n{model}')
    return {
        "link": {"link": own},
        "candidates": {"link": [own], "link_candidates": 3, "link_similarity": 0.4},
        "several": {"link": [own, other], "link_similarity": 0.8},
        "pipeline": {"model": str(pipeline)},
    }[case]


def flags(options: dict) -> list[str]:
    """Returns the options as flags of the command line."""
    flags = []
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        flags += [f"--{name.replace('_', '-')}", ",".join(str(one) for one in values)]
    return flags
