"""A checkpoint of some of the layers of another, and of some of their units, to train a smaller model from."""

import argparse

from encoder import read, write


def shrink(config, tensors, layers, units):
    """The config and tensors of a model of these layers, each with the `units` wide units of the largest weights."""
    kept = {name: tensor for name, tensor in tensors.items() if not name[0].isdigit()}
    for name, tensor in tensors.items():
        layer, _, part = name.partition(".")
        if layer.isdigit() and int(layer) in layers:
            kept[f"{layers.index(int(layer))}.{part}"] = tensor
    for i in range(len(layers)):
        wide, back = kept[f"{i}.fi.weight"], kept[f"{i}.fo.weight"]
        largest = (wide.norm(dim=1) * back.norm(dim=0)).topk(units).indices.sort().values
        kept |= {f"{i}.fi.weight": wide[largest], f"{i}.fi.bias": kept[f"{i}.fi.bias"][largest], f"{i}.fo.weight": back[:, largest]}
    return {**config, "num_hidden_layers": len(layers), "intermediate_size": units}, kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="folder of the checkpoint")
    parser.add_argument("--layers", required=True, help="the layers to keep, as 0,2,4,7,9,11")
    parser.add_argument("--units", type=int, help="wide units to keep in each layer")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    layers = [int(layer) for layer in args.layers.split(",")]
    config, tensors = read(args.base)
    if not all(0 <= layer < config["num_hidden_layers"] for layer in layers) or layers != sorted(set(layers)):
        parser.error(f"--layers: different ones in order, of 0 to {config['num_hidden_layers'] - 1}")
    write(args.out, *shrink(config, tensors, layers, args.units or config["intermediate_size"]))


if __name__ == "__main__":
    main()
