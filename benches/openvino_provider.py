"""Would OpenVINO's execution provider be faster than ONNX Runtime's own kernels?

    make bench-openvino

The bundled file and the same graph in fp32, with the functions that the file brings in place of spanframe's operators, since
OpenVINO knows neither. One thread each; the sides take turns; medians of milliseconds a batch, a line of JSON each.
"""

import json
import statistics
import time

import numpy as np
import onnx
import onnx.inliner
import onnxruntime
import unrounded

ROUNDS = 30
#: windows and pieces in each
BATCHES = ((6, 170), (8, 64))
PROVIDERS = {
    "onnxruntime": ["CPUExecutionProvider"],
    "openvino": [("OpenVINOExecutionProvider", {"device_type": "CPU", "num_of_threads": "1"})],
}


def session(model: bytes, providers: list) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=providers)


def measure(name: str, model: onnx.ModelProto) -> None:
    plain = onnx.inliner.inline_local_functions(model).SerializeToString()
    sessions = {provider: session(plain, options) for provider, options in PROVIDERS.items()}
    random = np.random.default_rng(0)
    for windows, pieces in BATCHES:
        ids = random.integers(10, 40_000, (windows, pieces))
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        times = {provider: [] for provider in sessions}
        logits = {}
        for _ in range(ROUNDS):
            for provider, run in sessions.items():
                started = time.perf_counter()
                logits[provider] = run.run(None, inputs)[0]
                times[provider].append(1e3 * (time.perf_counter() - started))
        apart = np.abs(logits["openvino"] - logits["onnxruntime"]).max()
        medians = {provider: round(statistics.median(values), 1) for provider, values in times.items()}
        record = {
            "file": name,
            "windows": windows,
            "pieces": pieces,
            "milliseconds": medians,
            "apart": float(f"{apart:.2g}"),
        }
        print(json.dumps(record), flush=True)


def main() -> None:
    print(json.dumps({"question": "OpenVINO", "onnxruntime-openvino": onnxruntime.__version__}))
    measure("whole numbers", onnx.load(unrounded.MODEL / "model_int8.onnx"))
    measure("fp32", unrounded.load())


if __name__ == "__main__":
    main()
