using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>Documents and indexes of one collection; used under its owner's lock.</summary>
internal sealed class MongoCollection
{
    private readonly string _namespace;
    private readonly MongoFilter? _validator;
    private readonly Dictionary<BsonDocument, long> _documents = new(ReferenceEqualityComparer.Instance);
    private readonly List<MongoIndex> _indexes = [new("_id_", new BsonDocument("_id", 1), unique: true, new BsonDocument())];
    private long _written;

    /// <param name="validator">A filter that documents must match; null for none.</param>
    public MongoCollection(string ns, BsonDocument? validator)
    {
        _namespace = ns;
        _validator = validator is null ? null : new MongoFilter(validator);
    }

    /// <summary>As <c>listIndexes</c> tells.</summary>
    public IEnumerable<BsonDocument> Indexes => _indexes.Select(index => index.Description);

    /// <summary>In the order of writing.</summary>
    public List<BsonDocument> Find(BsonDocument filter)
    {
        var compiled = new MongoFilter(filter);
        var candidates = _indexes.Select(index => index.Candidates(filter)).FirstOrDefault(some => some is not null);
        return [.. (candidates ?? _documents.Keys).Where(compiled.Matches).OrderBy(document => _documents[document])];
    }

    public MongoWrite Insert(BsonDocument document)
    {
        if (!document.Contains("_id"))
        {
            document.InsertAt(0, new BsonElement("_id", ObjectId.GenerateNewId()));
        }

        return Put(document, old: null) is { } error ? new MongoWrite(Error: error) : new MongoWrite(Matched: 1);
    }

    /// <param name="statement">q, u, upsert; of the operators $set and $setOnInsert.</param>
    public MongoWrite Update(BsonDocument statement)
    {
        var (filter, update) = (statement["q"].AsBsonDocument, statement["u"].AsBsonDocument);
        if (update.Names.FirstOrDefault(name => name is not ("$set" or "$setOnInsert")) is { } unknown)
        {
            return new MongoWrite(Error: Error(9, $"Unknown modifier: {unknown}"));
        }

        if (statement.GetValue("multi", false).ToBoolean())
        {
            return new MongoWrite(Error: Error(2, "multi is not known here"));
        }

        var found = Find(filter);
        if (found.Count > 0)
        {
            var changed = (BsonDocument)found[0].DeepClone();
            changed.Merge(update.GetValue("$set", new BsonDocument()).AsBsonDocument, overwriteExistingElements: true);
            return changed == found[0] ? new MongoWrite(Matched: 1)
                : Put(changed, found[0]) is { } refused ? new MongoWrite(Error: refused)
                : new MongoWrite(Matched: 1, Modified: 1);
        }

        if (!statement.GetValue("upsert", false).ToBoolean())
        {
            return default;
        }

        var made = new BsonDocument("_id", ObjectId.GenerateNewId());
        made.Merge(MongoFilter.Equalities(filter), overwriteExistingElements: true);
        made.Merge(update.GetValue("$set", new BsonDocument()).AsBsonDocument, overwriteExistingElements: true);
        made.Merge(update.GetValue("$setOnInsert", new BsonDocument()).AsBsonDocument, overwriteExistingElements: true);
        return Put(made, old: null) is { } error ? new MongoWrite(Error: error) : new MongoWrite(UpsertedId: made["_id"]);
    }

    /// <param name="statement">q and limit: 1 for one, 0 for all.</param>
    public MongoWrite Delete(BsonDocument statement)
    {
        var found = Find(statement["q"].AsBsonDocument);
        var gone = statement["limit"] == 1 ? found.Take(1).ToList() : found;
        foreach (var document in gone)
        {
            _indexes.ForEach(index => index.Remove(document));
            _documents.Remove(document);
        }

        return new MongoWrite(Matched: gone.Count);
    }

    public void CreateIndex(BsonDocument description)
    {
        var (name, keys) = (description["name"].AsString, description["key"].AsBsonDocument);
        var unique = description.GetValue("unique", false).ToBoolean();
        var options = new BsonDocument(description.Elements.Where(element => element.Name is not ("name" or "key" or "unique")));
        var index = new MongoIndex(name, keys, unique, options);
        if (_indexes.Exists(other => other.Description == index.Description))
        {
            return;
        }

        if (_indexes.Exists(other => other.Keys == keys))
        {
            throw new MongoCommandError(85, "IndexOptionsConflict", $"An equivalent index already exists: {keys}");
        }

        if (_indexes.Exists(other => other.Name == name))
        {
            throw new MongoCommandError(86, "IndexKeySpecsConflict", $"An index of the name {name} exists with other keys");
        }

        foreach (var document in _documents.Keys)
        {
            if (index.IsTaken(document, except: null))
            {
                throw new MongoCommandError(11000, "DuplicateKey", Duplicate(index, document));
            }

            index.Add(document);
        }

        _indexes.Add(index);
    }

    /// <summary>Puts a document into the place of an old one, or beside all others; null, or why not.</summary>
    private BsonDocument? Put(BsonDocument document, BsonDocument? old)
    {
        if (document.ToBson().Length > MongoState.MaxDocumentBytes)
        {
            return Error(10334, "BSONObj size is invalid: over 16793600 bytes");
        }

        if (_validator?.Matches(document) == false)
        {
            return Error(121, "Document failed validation").Add("errInfo", new BsonDocument("failingDocumentId", document["_id"]));
        }

        if (_indexes.Find(index => index.IsTaken(document, except: old)) is { } taken)
        {
            return Error(11000, Duplicate(taken, document))
                .Add("keyPattern", taken.Keys).Add("keyValue", taken.KeyOf(document));
        }

        var place = old is null ? ++_written : _documents[old];
        if (old is not null)
        {
            _indexes.ForEach(index => index.Remove(old));
            _documents.Remove(old);
        }

        _indexes.ForEach(index => index.Add(document));
        _documents[document] = place;
        return null;
    }

    private string Duplicate(MongoIndex index, BsonDocument document) =>
        $"E11000 duplicate key error collection: {_namespace} index: {index.Name} dup key: {index.KeyOf(document)}";

    private static BsonDocument Error(int code, string message) => new() { { "code", code }, { "errmsg", message } };
}

/// <summary>An index, found by its first field.</summary>
internal sealed class MongoIndex(string name, BsonDocument keys, bool unique, BsonDocument options)
{
    private readonly Dictionary<BsonValue, List<BsonDocument>> _byFirst = new(MongoEquality.Instance);
    private readonly string _first = keys.GetElement(0).Name;

    public string Name => name;

    public BsonDocument Keys => keys;

    public BsonDocument Description
    {
        get
        {
            var description = new BsonDocument { { "v", 2 }, { "key", keys }, { "name", name } };
            description.Add("unique", true, unique && name != "_id_");
            return description.Merge(options);
        }
    }

    /// <summary>A document that lacks a field counts as if it held null.</summary>
    public BsonDocument KeyOf(BsonDocument document) =>
        new(keys.Names.Select(field => new BsonElement(field, document.GetValue(field, BsonNull.Value))));

    public bool IsTaken(BsonDocument document, BsonDocument? except) =>
        unique && _byFirst.TryGetValue(First(document), out var others)
        && others.Exists(other => !ReferenceEquals(other, except) && KeyOf(other).CompareTo(KeyOf(document)) == 0);

    public void Add(BsonDocument document)
    {
        if (!_byFirst.TryGetValue(First(document), out var documents))
        {
            _byFirst[First(document)] = documents = new List<BsonDocument>(1);
        }

        documents.Add(document);
    }

    public void Remove(BsonDocument document)
    {
        var documents = _byFirst[First(document)];
        documents.RemoveAll(other => ReferenceEquals(other, document));
        if (documents.Count == 0)
        {
            _byFirst.Remove(First(document));
        }
    }

    /// <summary>The documents that can match; null where the filter does not name values of the first field.</summary>
    public IEnumerable<BsonDocument>? Candidates(BsonDocument filter)
    {
        if (!filter.TryGetValue(_first, out var wanted))
        {
            return null;
        }

        var values = wanted is not BsonDocument operators ? [wanted]
            : operators.TryGetValue("$in", out var some) ? some.AsBsonArray.Distinct(MongoEquality.Instance)
            : null;
        return values?.SelectMany(value => _byFirst.GetValueOrDefault(value) ?? []);
    }

    private BsonValue First(BsonDocument document) => document.GetValue(_first, BsonNull.Value);
}

/// <summary>The order of a <c>sort</c>.</summary>
internal sealed class MongoOrder(BsonDocument sort) : IComparer<BsonDocument>
{
    public int Compare(BsonDocument? x, BsonDocument? y)
    {
        foreach (var field in sort)
        {
            // A field that is absent sorts as null, which comes before all else.
            var order = x!.GetValue(field.Name, BsonNull.Value).CompareTo(y!.GetValue(field.Name, BsonNull.Value));
            if (order != 0)
            {
                return field.Value.ToInt32() * order;
            }
        }

        return 0;
    }
}
