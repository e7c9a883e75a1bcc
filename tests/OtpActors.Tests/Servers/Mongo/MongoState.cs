using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>
/// The collections, the cursors and the retryable writes of a replica set, and the commands on them. One command runs at a
/// time.
/// </summary>
internal sealed class MongoState
{
    public const int MaxDocumentBytes = 16 * 1024 * 1024;
    public const int MaxWriteBatch = 100_000;
    private const int FirstBatch = 101;

    /// <summary>Fields of every command.</summary>
    private static readonly HashSet<string> General =
        ["$db", "lsid", "$clusterTime", "$readPreference", "txnNumber", "writeConcern", "readConcern", "maxTimeMS", "comment"];

    /// <summary>The others that this server knows; one that it does not know would be ignored, and the command mean something else.</summary>
    private static readonly Dictionary<string, HashSet<string>> Fields = new()
    {
        ["insert"] = ["documents", "ordered"],
        ["update"] = ["updates", "ordered"],
        ["delete"] = ["deletes", "ordered"],
        ["find"] = ["filter", "sort", "projection", "skip", "limit", "batchSize", "singleBatch", "allowDiskUse"],
        ["getMore"] = ["collection", "batchSize"],
        ["create"] = ["validator", "collation"],
        ["createIndexes"] = ["indexes"],
        ["listIndexes"] = ["cursor"],
    };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, MongoCollection> _collections = [];
    private readonly Dictionary<long, (string Namespace, Queue<BsonDocument> Left)> _cursors = [];
    private readonly Dictionary<BsonValue, (long Number, Dictionary<int, MongoWrite> Done)> _sessions = [];
    private readonly Dictionary<string, int> _counts = [];
    private long _lastCursor;

    /// <summary>How many commands of a name came before; counts this one.</summary>
    public int Count(string name)
    {
        lock (_lock)
        {
            var before = _counts.GetValueOrDefault(name);
            _counts[name] = before + 1;
            return before;
        }
    }

    public BsonDocument Run(BsonDocument command)
    {
        lock (_lock)
        {
            try
            {
                return Dispatch(command);
            }
            catch (MongoCommandError e)
            {
                return e.Reply();
            }
        }
    }

    private BsonDocument Dispatch(BsonDocument command)
    {
        var first = command.GetElement(0);
        if (Fields.TryGetValue(first.Name, out var known)
            && command.Names.Skip(1).FirstOrDefault(name => !known.Contains(name) && !General.Contains(name)) is { } unknown)
        {
            throw new MongoCommandError(40415, "IDLUnknownField", $"BSON field '{first.Name}.{unknown}' is an unknown field.");
        }

        if (command.GetValue("readConcern", BsonNull.Value) is BsonDocument concern
            && concern.GetValue("level", "local").AsString is not ("local" or "majority" or "available" or "linearizable" or "snapshot"))
        {
            throw new MongoCommandError(9, "FailedToParse", "unknown read concern");
        }

        var database = command.GetValue("$db", "").AsString; // absent in what drivers send before they know the server
        switch (first.Name)
        {
            case "insert":
                return Write(command, "documents", (collection, statement) => collection.Insert(statement));
            case "update":
                return Write(command, "updates", (collection, statement) => collection.Update(statement));
            case "delete":
                return Write(command, "deletes", (collection, statement) => collection.Delete(statement));
            case "find":
                var ns = $"{database}.{first.Value.AsString}";
                return Cursor(ns, Find(ns, command), command.GetValue("batchSize", FirstBatch).ToInt32(), "firstBatch",
                    single: command.GetValue("singleBatch", false).ToBoolean());
            case "getMore":
                return GetMore(command);
            case "killCursors":
                foreach (var id in command["cursors"].AsBsonArray)
                {
                    _cursors.Remove(id.ToInt64());
                }

                return MongoErrors.Fine();
            case "create":
                return Create($"{database}.{first.Value.AsString}", command);
            case "createIndexes":
                var made = Collection($"{database}.{first.Value.AsString}");
                foreach (var index in command["indexes"].AsBsonArray)
                {
                    made.CreateIndex(index.AsBsonDocument);
                }

                return MongoErrors.Fine();
            case "listIndexes":
                var listed = $"{database}.{first.Value.AsString}";
                return _collections.TryGetValue(listed, out var present)
                    ? Cursor(listed, present.Indexes, int.MaxValue, "firstBatch", single: true)
                    : throw new MongoCommandError(26, "NamespaceNotFound", $"ns does not exist: {listed}");
            case "dropDatabase":
                foreach (var gone in _collections.Keys.Where(k => k.StartsWith($"{database}.", StringComparison.Ordinal)).ToList())
                {
                    _collections.Remove(gone);
                }

                return MongoErrors.Fine();
            default:
                throw new MongoCommandError(59, "CommandNotFound", $"no such command: '{first.Name}'");
        }
    }

    private MongoCollection Collection(string ns)
    {
        if (!_collections.TryGetValue(ns, out var collection))
        {
            _collections[ns] = collection = new MongoCollection(ns, validator: null, collation: null);
        }

        return collection;
    }

    private BsonDocument Create(string ns, BsonDocument command)
    {
        if (_collections.ContainsKey(ns))
        {
            throw new MongoCommandError(48, "NamespaceExists", $"Collection {ns} already exists.");
        }

        _collections[ns] = new MongoCollection(
            ns, command.GetValue("validator", null) as BsonDocument, command.GetValue("collation", null) as BsonDocument);
        return MongoErrors.Fine();
    }

    private List<BsonDocument> Find(string ns, BsonDocument command)
    {
        if (!_collections.TryGetValue(ns, out var collection))
        {
            return [];
        }

        IEnumerable<BsonDocument> found = collection.Find(command.GetValue("filter", new BsonDocument()).AsBsonDocument);
        if (command.TryGetValue("sort", out var sort) && sort.AsBsonDocument.ElementCount > 0)
        {
            found = found.Order(new MongoOrder(sort.AsBsonDocument));
        }

        found = found.Skip(command.GetValue("skip", 0).ToInt32());
        if (command.TryGetValue("limit", out var limit) && limit.ToInt64() > 0)
        {
            found = found.Take(limit.ToInt32());
        }

        var projection = command.GetValue("projection", new BsonDocument()).AsBsonDocument;
        return [.. projection.ElementCount == 0 ? found : found.Select(document => Project(document, projection))];
    }

    /// <summary>Fields that are named with 1, and the id unless it is named with 0.</summary>
    private static BsonDocument Project(BsonDocument document, BsonDocument projection) => new(document.Elements.Where(element =>
        element.Name == "_id" ? projection.GetValue("_id", 1).ToBoolean() : projection.GetValue(element.Name, 0).ToBoolean()));

    private BsonDocument Cursor(string ns, IEnumerable<BsonDocument> documents, int size, string batch, bool single)
    {
        var rest = new Queue<BsonDocument>(documents);
        var page = Take(rest, size);
        var id = 0L;
        if (rest.Count > 0 && !single)
        {
            _cursors[id = ++_lastCursor] = (ns, rest);
        }

        return new BsonDocument
        {
            { "cursor", new BsonDocument { { batch, page }, { "id", id }, { "ns", ns } } }, { "ok", 1.0 },
        };
    }

    private BsonDocument GetMore(BsonDocument command)
    {
        var id = command[0].ToInt64();
        if (!_cursors.Remove(id, out var cursor))
        {
            throw new MongoCommandError(43, "CursorNotFound", $"cursor id {id} not found");
        }

        var page = Take(cursor.Left, command.GetValue("batchSize", int.MaxValue).ToInt32());
        if (cursor.Left.Count > 0)
        {
            _cursors[id] = cursor;
        }

        return new BsonDocument
        {
            { "cursor", new BsonDocument { { "nextBatch", page }, { "id", cursor.Left.Count > 0 ? id : 0L }, { "ns", cursor.Namespace } } },
            { "ok", 1.0 },
        };
    }

    /// <summary>No reply is larger than a document may be, whatever size was asked for.</summary>
    private static BsonArray Take(Queue<BsonDocument> rest, int size)
    {
        var page = new BsonArray();
        for (var bytes = 0; page.Count < size && bytes < MaxDocumentBytes / 2 && rest.TryDequeue(out var document);)
        {
            bytes += document.ToBson().Length;
            page.Add(document);
        }

        return page;
    }

    /// <summary>
    /// The statements of a write command in their order, up to the first error where the command is ordered. A statement
    /// of a transaction number that was done before is answered as then, and not done again.
    /// </summary>
    private BsonDocument Write(BsonDocument command, string field, Func<MongoCollection, BsonDocument, MongoWrite> apply)
    {
        var statements = command[field].AsBsonArray;
        if (statements.Count is 0 or > MaxWriteBatch)
        {
            throw new MongoCommandError(16, "InvalidLength", $"Write batch sizes must be between 1 and {MaxWriteBatch}");
        }

        var done = Done(command, statements);
        var collection = Collection($"{command["$db"].AsString}.{command[0].AsString}");
        var ordered = command.GetValue("ordered", true).ToBoolean();
        var (matched, modified) = (0, 0);
        var (upserted, errors, repeated) = (new BsonArray(), new BsonArray(), new BsonArray());
        for (var i = 0; i < statements.Count; i++)
        {
            if (done?.TryGetValue(i, out var write) == true)
            {
                repeated.Add(i);
            }
            else
            {
                write = apply(collection, statements[i].AsBsonDocument);
                if (write.Error is null)
                {
                    done?.Add(i, write);
                }
            }

            (matched, modified) = (matched + write.Matched, modified + write.Modified);
            if (write.UpsertedId is { } id)
            {
                upserted.Add(new BsonDocument { { "index", i }, { "_id", id } });
            }

            if (write.Error is { } error)
            {
                errors.Add(new BsonDocument("index", i).Merge(error));
                if (ordered)
                {
                    break;
                }
            }
        }

        var reply = new BsonDocument { { "n", matched + upserted.Count }, { "ok", 1.0 } };
        reply.Add("nModified", modified, field == "updates");
        reply.Add("upserted", upserted, upserted.Count > 0);
        reply.Add("writeErrors", errors, errors.Count > 0);
        return reply.Add("retriedStmtIds", repeated, repeated.Count > 0);
    }

    /// <summary>The statements of this transaction number that were done before; null where there is no number.</summary>
    private Dictionary<int, MongoWrite>? Done(BsonDocument command, BsonArray statements)
    {
        if (!command.TryGetValue("txnNumber", out var number))
        {
            return null;
        }

        if (!command.TryGetValue("lsid", out var session))
        {
            throw new MongoCommandError(72, "InvalidOptions", "Transaction number requires a session ID to also be specified");
        }

        if (statements.Any(s => s.AsBsonDocument.GetValue("multi", false).ToBoolean() || s.AsBsonDocument.GetValue("limit", 1) == 0))
        {
            throw new MongoCommandError(72, "InvalidOptions", "Cannot use retryable writes with multi=true");
        }

        var known = _sessions.GetValueOrDefault(session["id"], (Number: -1L, Done: []));
        if (number.ToInt64() < known.Number)
        {
            throw new MongoCommandError(225, "TransactionTooOld", $"Retryable write with txnNumber {number} is too old");
        }

        if (number.ToInt64() > known.Number)
        {
            _sessions[session["id"]] = known = (number.ToInt64(), []);
        }

        return known.Done;
    }
}

/// <summary>What became of one statement.</summary>
/// <param name="Error">Code and message, for a reply's <c>writeErrors</c>.</param>
internal readonly record struct MongoWrite(
    int Matched = 0, int Modified = 0, BsonValue? UpsertedId = null, BsonDocument? Error = null);
