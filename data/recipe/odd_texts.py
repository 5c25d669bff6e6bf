"""Short clinical sentences full of awkward Unicode, made from fixed parts.

They exercise what breaks offsets: accents in composed and decomposed form, emoji of several code points, ligatures,
letters whose lower case has another length, invisible characters, odd spaces and right-to-left words.
"""

import random
import unicodedata

DRUGS = ["metformina", "ácido acetilsalicílico", "ASPIRIN", "İbuprofen", "enoxaparin 40 mg", "amoxicilina/ácido clavulánico",
         "paracetamolo", "𝐚𝐬𝐩𝐢𝐫𝐢𝐧", "ａｓｐｉｒｉｎ", "insulina glargina", "ﬂuoxetine", "5‑ASA", "vitamin B₁₂", "β‑blocker"]
CONDITIONS = ["hipertensión arterial", "Ménière's disease", "SJÖGREN", "malattia di Behçet", "ﬁbrillazione atriale",
              "diabetes mellitus tipo 2", "STRAẞE syndrome", "neumonía", "perché no", "úlcera gástrica", "Guillain–Barré",
              "אסתמה", "ارتفاع ضغط الدم", "x̂̃̄y syndrome", "糖尿病", "fièvre élevée"]
MEASURES = ["38,5 ℃", "5 µg", "5 μg", "½ comprimido", "10³/µL", "SpO₂ 94 %", "FiO₂ 0,4", "120/80 mmHg", "CrCl≈45", "≥ 7.0 %", "№ 3", "٣ mg"]
MARKS = ["💊", "👩‍⚕️", "🇪🇸", "🇮🇹", "👨‍👩‍👧", "🩺🏽", "❤️", "…", "«ok»", "“stable”", "—", "™", "¿?", "\U0001F9EC"]
SPACES = [" ", " ", " ", " ", " ", "\u00a0", "  ", "\t", "\n", "\r\n", "\u2009", "\u202f", "\u3000", "\u200b", " \u200d", "\ufeff", "\u2028"]
SPECIAL = ["[SEP]", "[CLS]", "[UNK]", "[PAD]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "[sep]", "<S>"]  # as plain text
EDGES = ["", " ", "\n", "\u00a0", "\u200b", "\ufeff", ".", "a", "💊", "e\u0301", "\u0301", "Dx", " Dx", "Dx ", "\tDx: asma\n", "5mg", "(asma)",
         "asma,diabetes;HTA", "HTA/DM2/EPOC", "co-trimoxazole", "d'asma", "ASMA\u3000asma", "a\u0000b", "x" * 60, "metformina" * 4, "½½½", "糖尿病",
         "🇪🇸🇮🇹", "ﬁﬁﬁ", "℃℃", "... ... ...", "▁▁asma▁", "##asma", "Ġasma"]
OPENINGS = ["Paciente con", "Pt c/o", "Paziente con", "Riferisce", "No", "Dx:", "Tto:", "Hx of", "È nota", "¿Refiere", "Denies", "Tp:"]


def decompose_some(text, rng):
    """The text with about half of its composed letters replaced by base letter plus combining marks."""
    return "".join(unicodedata.normalize("NFD", c) if rng.random() < 0.5 else c for c in text)


def odd_sentence(rng):
    """One sentence of about 6 to 14 words joined by a mix of ordinary and odd spaces."""
    parts = [rng.choice(OPENINGS), rng.choice(CONDITIONS), rng.choice(MARKS), rng.choice(DRUGS), rng.choice(MEASURES)]
    if rng.random() < 0.5:
        parts += [rng.choice(["y", "and", "e", "+", ","]), rng.choice(DRUGS)]
    if rng.random() < 0.3:
        parts.insert(0, rng.choice(MARKS))
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice(SPACES) + part
    text += rng.choice([".", "", "!", " .", "。", "💉"])
    if rng.random() < 0.2:
        text = text.upper()
    return decompose_some(text, rng) if rng.random() < 0.4 else text


def odd_sentences(seed):
    """An endless, seeded stream of odd sentences."""
    rng = random.Random(seed)
    while True:
        yield odd_sentence(rng)


def special_sentences(seed):
    """An endless, seeded stream of odd sentences with the name of a special token in the text."""
    rng = random.Random(seed + 1)
    while True:
        parts = [odd_sentence(rng), rng.choice(SPECIAL), rng.choice(CONDITIONS)]
        yield rng.choice([" ", ""]).join(parts)
