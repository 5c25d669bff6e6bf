"""Print the entities that a model finds in sample texts."""

import argparse

from predict import predict, session
from tokenizers import Tokenizer

TEXTS = [
    "The patient was diagnosed with type 2 diabetes mellitus and arterial hypertension. She underwent percutaneous "
    "coronary intervention last year. Current medications include metformin 500mg twice daily, insulin glargine 20 "
    "units at bedtime, and aspirin 81mg daily. She reports occasional chest pain and shortness of breath.",
    "El paciente fue diagnosticado con diabetes mellitus tipo 2 e hipertensión arterial. Se le realizó una "
    "intervención coronaria percutánea el año pasado. Los medicamentos actuales incluyen metformina 500mg dos veces "
    "al día, insulina glargina 20 unidades al acostarse y aspirina 81mg diaria. Refiere dolor torácico ocasional y "
    "disnea.",
    "Alla paziente sono stati diagnosticati diabete mellito di tipo 2 e ipertensione arteriosa. L'anno scorso è "
    "stata sottoposta a intervento coronarico percutaneo. La terapia attuale comprende metformina 500 mg due volte "
    "al giorno, insulina glargine 20 unità prima di coricarsi e aspirina 81 mg al giorno. Riferisce dolore toracico "
    "occasionale e dispnea.",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="ONNX file")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--text", action="append", help="a text instead of the samples")
    args = parser.parse_args()
    texts = args.text or TEXTS
    found = predict(session(args.model), Tokenizer.from_file(args.tokenizer), texts)
    for text, entities in zip(texts, found):
        print(text)
        for start, end, name in sorted(entities):
            print(f"  {name:<10} {start:>4} {end:>4}  {text[start:end]}")


if __name__ == "__main__":
    main()
