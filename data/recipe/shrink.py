"""A checkpoint of some of the layers of another, and of some of their units: to train a smaller model from, or, of a model
whose units are mostly zero (ReLU), as it is."""

import argparse

import corpus
import torch
from encoder import Encoder, read, read_ranges, write, write_ranges
from predict import batched, pad
from tokenizers import Tokenizer

TEXTS = 24  # of each language, to see what units are on


def by_weights(tensors, layers):
    """How much each wide unit matters, a tensor a layer: by its weights."""
    return {i: tensors[f"{i}.fi.weight"].norm(dim=1) * tensors[f"{i}.fo.weight"].norm(dim=0) for i in layers}


@torch.no_grad()
def by_texts(folder, tokenizer, corpora):
    """How much each wide unit matters, a tensor a layer: by what it adds to the hidden states of training documents."""
    model = Encoder(folder)
    squares, linear = {}, model.linear

    def watched(name, value):
        layer, _, part = name.partition(".")
        if part == "fo":
            squares[int(layer)] = squares.get(int(layer), 0) + value.square().sum((0, 1))
        return linear(name, value)

    model.linear = watched
    pools = corpus.training_pools(corpora)
    texts = [document.text for language in corpus.LANGUAGES for document in pools[language][:TEXTS]]
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    cut = [piece[at : at + 160] for piece in ids for at in range(0, len(piece), 160)]
    for batch in batched([len(pieces) for pieces in cut], 2048):
        model(*map(torch.from_numpy, pad([cut[i] for i in batch])))
    norms = {layer: model.tensors[f"{layer}.fo.weight"].norm(dim=0) for layer in squares}
    return {layer: square.sqrt() * norms[layer] for layer, square in squares.items()}


def shrink(config, tensors, layers, units, matter):
    """The config and tensors of a model of these layers, each with the `units` wide units that `matter` most."""
    kept = {name: tensor for name, tensor in tensors.items() if not name[0].isdigit()}
    for name, tensor in tensors.items():
        layer, _, part = name.partition(".")
        if layer.isdigit() and int(layer) in layers:
            kept[f"{layers.index(int(layer))}.{part}"] = tensor
    for i, layer in enumerate(layers):
        wide, back = kept[f"{i}.fi.weight"], kept[f"{i}.fo.weight"]
        most = matter[layer].topk(units).indices.sort().values
        lost = 1 - matter[layer][most].square().sum() / matter[layer].square().sum()
        print(f"layer {layer}: {units} of {len(wide)} wide units, without {lost:.5f} of what they add")
        kept |= {f"{i}.fi.weight": wide[most], f"{i}.fi.bias": kept[f"{i}.fi.bias"][most], f"{i}.fo.weight": back[:, most]}
    return {**config, "num_hidden_layers": len(layers), "intermediate_size": units}, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="folder of the checkpoint")
    parser.add_argument("--layers", help="the layers to keep, as 0,2,4,7,9,11; all of them if it is left out")
    parser.add_argument("--units", type=int, help="wide units to keep in each layer")
    parser.add_argument("--corpora", help="choose them by what they add on training documents, and not by their weights")
    parser.add_argument("--tokenizer")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    config, tensors = read(args.base)
    everyone = range(config["num_hidden_layers"])
    layers = [int(layer) for layer in args.layers.split(",")] if args.layers else [*everyone]
    if not all(layer in everyone for layer in layers) or layers != sorted(set(layers)):
        parser.error(f"--layers: different ones in order, of 0 to {config['num_hidden_layers'] - 1}")
    if args.corpora:
        if not args.tokenizer:
            parser.error("--corpora needs --tokenizer")
        matter = by_texts(args.base, Tokenizer.from_file(args.tokenizer), args.corpora)
    else:
        matter = by_weights(tensors, layers)
    write(args.out, *shrink(config, tensors, layers, args.units or config["intermediate_size"], matter))
    ranges = read_ranges(args.base)
    if ranges and layers == [*everyone]:
        write_ranges(args.out, ranges)


if __name__ == "__main__":
    main()
