"""Prints a query's rows as JSON, read by the DataStax driver for Python: HOST PORT QUERY."""
import json
import sys
import warnings
from datetime import datetime, timezone

warnings.simplefilter("ignore")
from cassandra.cluster import Cluster  # noqa: E402
from cassandra.query import dict_factory  # noqa: E402

# Rows of a timestamp are datetimes without a zone, in UTC.
def text(value):
    return value.replace(tzinfo=timezone.utc).isoformat() if isinstance(value, datetime) else str(value)

host, port, query = sys.argv[1:]
cluster = Cluster([host], port=int(port), protocol_version=3)
session = cluster.connect()
session.row_factory = dict_factory
print(json.dumps(list(session.execute(query)), default=text))
cluster.shutdown()
