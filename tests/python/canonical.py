"""Values of columns in one notation, whichever library read them."""

import pyarrow as pa

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def values(column: pa.ChunkedArray | pa.Array) -> list:
    """The values of a column. Times are counted in nanoseconds, and a dictionary is its values."""
    return [value(scalar) for scalar in column]


def value(scalar: pa.Scalar) -> object:
    kind = scalar.type
    if isinstance(scalar, pa.ExtensionScalar | pa.DictionaryScalar | pa.RunEndEncodedScalar):
        inner = scalar.as_py if isinstance(scalar, pa.RunEndEncodedScalar) else None
        return inner() if inner else scalar.value and value(scalar.value)
    if not scalar.is_valid:
        return None
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return scalar.value * NANOSECONDS[kind.unit]
    if pa.types.is_date64(kind):
        return scalar.value // 86_400_000
    if pa.types.is_date(kind):
        return scalar.value
    if pa.types.is_floating(kind):
        return repr(float(scalar.as_py()))
    if pa.types.is_struct(kind):
        return {name: value(inner) for name, inner in scalar.items()}
    if pa.types.is_nested(kind):
        return [value(inner) for inner in scalar.values]
    return scalar.as_py()
