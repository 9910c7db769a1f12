"""Writes a table of ids, four numbers of six places and, for training, a target.

python -m tests.benchmarks.programs.make_table ROWS FILE [--target]
"""

import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

CHUNK = 1_000_000  # rows that are made at once
count, path, with_target = int(sys.argv[1]), sys.argv[2], "--target" in sys.argv

generator = np.random.default_rng(1)
writer: Any = None
for start in range(0, count, CHUNK):
    size = min(CHUNK, count - start)
    X = generator.normal(size=(size, 4)).round(6)
    columns = {"id": pa.array(np.arange(start, start + size)).cast(pa.string())}
    columns |= {f"x_{i + 1}": pa.array(X[:, i]) for i in range(4)}
    if with_target:
        y = generator.logistic(size=size) < X.sum(axis=1)
        columns["target"] = pa.array(y.astype(int))
    table = pa.table(columns)
    if writer is None and path.endswith(".parquet"):
        writer = pq.ParquetWriter(path, table.schema)
    elif writer is None:
        options = arrow_csv.WriteOptions(quoting_style="none")
        writer = arrow_csv.CSVWriter(path, table.schema, write_options=options)
    writer.write_table(table)
writer.close()
