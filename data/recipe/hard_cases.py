"""Make data/hard_cases.parquet: named notes that break tokenizers, offsets, windows and memory limits.

Columns `case` and `note` (nullable). Written for this file, no text of any corpus in it.

    python data/recipe/hard_cases.py --out data/hard_cases.parquet
"""

import argparse
import random
import unicodedata
from pathlib import Path

import polars as pl

SEED = 11
EN = "Patient with type 2 diabetes on metformin 500 mg, denies chest pain."
ES = "Paciente con hipertensión arterial en tratamiento con ácido acetilsalicílico 100 mg, sin disnea."
IT = "Paziente con fibrillazione atriale, perciò assume apixaban 5 mg; nega febbre."
NBSP, ZWSP, ZWNJ, ZWJ, BOM, SHY = "\u00a0", "\u200b", "\u200c", "\u200d", "\ufeff", "\u00ad"
LRM, RLM, RLE, PDF = "\u200e", "\u200f", "\u202b", "\u202c"


def strip_accents(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def full_width(text):
    """ASCII as full-width forms."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)


def math_bold(text):
    """Lower-case ASCII letters as mathematical bold letters, four bytes each."""
    return "".join(chr(0x1D41A + ord(c) - ord("a")) if "a" <= c <= "z" else c for c in text)


def clinical_sentence(rng):
    """One short sentence with varied numbers."""
    drug = rng.choice(["metformin", "enoxaparina", "paracetamolo", "amlodipine", "bisoprolol"])
    problem = rng.choice(["chest pain", "neumonía", "fibrillazione atriale", "acute kidney injury", "cefalea"])
    return f"Day {rng.randint(1, 900)}: {problem}, {drug} {rng.randint(1, 1000)} mg, BP {rng.randint(90, 180)}/{rng.randint(50, 110)}."


def long_note(words, rng):
    """Clinical sentences up to exactly this many words."""
    found = []
    while len(found) < words:
        found += clinical_sentence(rng).split()
    return " ".join(found[:words])


def endless_sentence(words, rng):
    """A list of drugs and doses of this many words without a full stop."""
    found = []
    while len(found) < words:
        found += [rng.choice(["metformin", "aspirina", "warfarin", "furosemide"]), str(rng.randint(1, 900)), "mg", "and"]
    return " ".join(found[:words])


def cases():
    """Every case by name."""
    rng = random.Random(SEED)
    return {
        # nothing, or next to nothing
        "null": None,
        "empty": "",
        "spaces": "     ",
        "whitespace_of_every_kind": f" \t\n\r\n{NBSP}\u3000\u2003\u202f\u2028\u2029\x0b\x0c\x85 ",
        "invisible_only": ZWSP + ZWJ + BOM + SHY,
        "one_letter": "a",
        "one_emoji": "💊",
        "one_combining_mark": "\u0301",
        "only_punctuation": "...!?¿¡;:,--()[]{}«»“”'\"…",
        "only_digits": "0123456789" * 12,
        "only_newlines": "\n" * 50,
        "replacement_character": "metformin \ufffd\ufffd 500 mg",
        # white space and control characters
        "crlf_lines": f"Medications:\r\n- metformin 500 mg\r\n- aspirin 81 mg\r\n\r\n{EN}\r\n",
        "lone_carriage_returns": f"Dx: neumonía\r{ES}\rTto: ceftriaxona 1 g",
        "tabs": "drug\tdose\tfreq\nmetformin\t500 mg\tBID\naspirin\t81 mg\tdaily",
        "nul_characters": "metfor\0min 500 mg\0 for type 2 dia\0betes\0",
        "control_characters": "asp\x01irin \x1b[31m81 mg\x1b[0m \x7f for chest\x08 pain",
        "nbsp_between_words": ES.replace(" ", NBSP),
        "ideographic_spaces": IT.replace(" ", "\u3000"),
        "line_separators": EN.replace(" ", "\u2028", 3).replace(" ", "\u2029", 2),
        "doubled_spaces": EN.replace(" ", "   "),
        "leading_and_trailing_space": f" \n\t {EN} \t\n ",
        "thousands_of_blank_lines": "Aspirin 81 mg." + "\n" * 5000 + "Disnea." + "\r\n" * 3000 + "Febbre.",
        # invisible characters
        "zero_width_space_in_words": f"met{ZWSP}formin and hyper{ZWSP}tension",
        "zero_width_joiners_in_words": f"aspi{ZWJ}rin, dis{ZWNJ}nea, neu{ZWJ}monía",
        "bom_first_and_inside": f"{BOM}metformina 850 mg{BOM} por dia{BOM}betes",
        "soft_hyphens": f"hyper{SHY}chol{SHY}esterol{SHY}emia treated with ator{SHY}va{SHY}statin",
        # emoji
        "emoji_beside_drugs": "💊metformin💊 500 mg 🙂aspirin👍🏽 81 mg❤️",
        "emoji_zwj_sequences": "👩‍⚕️ gave ibuprofen👨‍👩‍👧‍👦to the family; 🧑🏿‍🦽 after hip fracture🏳️‍🌈",
        "emoji_flags_and_keycaps": "🇪🇸paracetamol🇮🇹 1️⃣ g 🇬🇧aspirin2️⃣",
        # composition
        "decomposed": unicodedata.normalize("NFD", ES),
        "half_decomposed": "hipertensión y hipertensio\u0301n; perche\u0301 e perché",
        "stacked_marks": "fe\u0301\u0302\u0303\u0323ver and pa\u0300\u0316\u0324i\u0308n" + "\u0301" * 40,
        "mark_after_space": "aspirin \u0301 81 mg and \u0300metformin",
        "hangul_jamo": "\u1112\u1161\u11ab\u1100\u116e\u11a8 aspirin 한국어 고혈압",
        # case folding that changes length
        "dotted_capital_i": "İBUPROFEN 400 MG, DİSNEA, İİİ aspirin",
        "lower_case_of_other_length": "GRO\u1e9eE STRA\u1e9eE \u0149 \u01f0 \u0390 \u03b0 \u023a \u023e aspirin \u212a \u212b \u2126",
        "final_sigma": "ΑΣΠΙΡΙΝΗΣ ΟΔΥΣΣΕΥΣ aspirin Σ",
        "titlecase_digraphs": "ǅ ǈ ǋ Ǆaspirin ǲ",
        # compatibility forms
        "ligatures": "ﬁbrillazione atriale, inﬂammation, diﬀuse, ﬃ ﬄ ﬅ",
        "full_width": full_width("metformin 500 mg BID, chest pain."),
        "half_width_katakana": "ｱｽﾋﾟﾘﾝ 100 mg aspirin ﾍﾟﾆｼﾘﾝ",
        "superscripts_and_fractions": "Hb 10⁹/L, ½ tablet, ¼ aspirin, CO₂, m², №3, ™ ® ª º",
        "units_with_compatibility_signs": "38.5 \u2103, 5 \u00b5g digoxin, 5 \u03bcg digoxin, 10 ㎎, 2 ㎖, 3 \u2126, 5 \u212b, ㏗ 7.4",
        "ellipsis_and_expanding_ligature": "pain… fever‥ ﷺ ㍿ ㎯ aspirin",
        "roman_numerals": "NYHA Ⅲ, factor Ⅷ, diabetes tipo Ⅱ, ⅳ",
        # scripts
        "hebrew_mixed": "המטופל נוטל aspirin 81 mg עקב יתר לחץ דם and metformin.",
        "arabic_mixed": "يعاني المريض من diabetes ويتناول metformin ٥٠٠ mg يوميا",
        "bidi_controls": f"{RLE}אספירין{PDF} {LRM}aspirin{RLM} 81 mg",
        "chinese_without_spaces": "患者患有2型糖尿病，服用metformin500mg，否认胸痛。",
        "thai_and_devanagari": "ผู้ป่วยเบาหวาน metformin रोगी को मधुमेह aspirin क्षेत्र",
        "greek_and_cyrillic_lookalikes": "аspirin (Cyrillic а), αspirin, mеtformin, ОRAL",
        "mathematical_letters": math_bold("aspirin") + " 81 mg, " + math_bold("metformin") + " 500 mg",
        "around_the_surrogates": "aspirin\ud7ff \ue000aspirin \uf8ff\uffff\ufdd0 \U00010000aspirin",
        "last_code_points": "\U0010ffff aspirin \U0010fffd \U000e0041 81 mg",
        "variation_selectors": "aspirin\ufe0f 81\ufe0e mg \U000e0100",
        # size and shape
        "long_line_without_spaces": "metformin500mg/aspirin81mg;" * 800,
        "long_line_of_cjk": "患者患有糖尿病服用" * 700,
        "word_of_100000_characters": "a" * 100_000,
        "word_of_20000_accents": "é" * 20_000,
        "sentence_of_2500_words": endless_sentence(2500, rng),
        "note_of_200000_words": long_note(200_000, rng),
        "punctuation_run": "aspirin" + "!" * 3000 + "disnea" + "." * 3000,
        "one_word_a_line": "\n".join(long_note(600, rng).split()),
        # spelling and layout
        "all_caps": ES.upper() + " " + EN.upper(),
        "without_accents": strip_accents(ES + " " + IT),
        "alternating_case": "".join(c.upper() if i % 2 else c.lower() for i, c in enumerate(EN)),
        "drug_first_and_last": "Metformin was stopped and replaced by empagliflozin",
        "drug_only": "metformin",
        "ends_in_four_bytes": "Patient takes aspirin 𝐚",
        "ends_in_combining_mark": "paciente con hipertensio\u0301n y dolor\u0301",
        "hyphens_and_slashes": "amoxicilina/ácido clavulánico 875/125, COVID-19, β-blocker, IL-6, T3/T4, s/p CABG, 5-ASA, N‑acetylcysteine",
        "apostrophes": "Crohn's disease, l'ipertensione dell’anziano, d'aspirina, pt's pain, O’Brien",
        "abbreviations_with_dots": "Sr. de 70 a. con D.M. tipo 2; tto. c/ insul. 20 u.i. s.c.; Dr. X. b.i.d. p.o.",
        "glued_doses": "metformin500mg aspirin81mg/día 2x850mg 1g/8h q6h 0,5mg",
        # markup and special tokens
        "html": "<p>Patient takes <b>aspirin</b>&nbsp;81&#160;mg</p><br/><table><tr><td>disnea</td></tr></table>",
        "xml": '<?xml version="1.0"?><note id="1"><drug dose="500 mg">metformin</drug><![CDATA[chest pain]]></note>',
        "json_and_escapes": '{"drug": "metformin", "dose": "500\\u00a0mg\\n", "dx": "neumon\\u00eda"}\\r\\n\\t',
        "markdown_table": "| drug | dose |\n|---|---|\n| **aspirin** | 81 mg |\n\n# PLAN\n1. *metformin*",
        "special_tokens": "<s> [CLS] metformin </s> [SEP] <pad> [MASK] aspirin <mask> [PAD] <unk> [UNK] <|endoftext|>",
        "special_token_only": "[SEP]",
        "wordpiece_and_metaspace_marks": "##min metfor ##min ▁aspirin ▁ ▁▁ Ġaspirin Ċ",
        "csv_quotes": 'id,"note, ""aspirin"" 81 mg",\'disnea\'\n1,"fever"',
        "mixed_languages": f"{EN} {ES} {IT}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/hard_cases.parquet"))
    args = parser.parse_args()

    found = cases()
    frame = pl.DataFrame({"case": list(found), "note": list(found.values())}, schema={"case": pl.String, "note": pl.String})
    frame.write_parquet(args.out, compression="zstd")
    print(f"cases {frame.height}, bytes of text {frame['note'].str.len_bytes().sum()}")


if __name__ == "__main__":
    main()
