using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>Documents and indexes of one collection; used under its owner's lock.</summary>
internal sealed class MongoCollection
{
    private readonly string _namespace;
    private readonly MongoFilter? _validator;
    private readonly Dictionary<BsonDocument, long> _documents = new(ReferenceEqualityComparer.Instance);
    private readonly BsonDocument? _collation;
    private readonly List<MongoIndex> _indexes;
    private long _written;

    /// <param name="validator">A filter that documents must match; null for none.</param>
    /// <param name="collation">
    /// The default one, which indexes take over and tell. Texts are compared by their bytes nevertheless: who relies on it must not
    /// use the double.
    /// </param>
    public MongoCollection(string ns, BsonDocument? validator, BsonDocument? collation)
    {
        _namespace = ns;
        _collation = collation;
        _indexes = [new("_id_", new BsonDocument("_id", 1), unique: true, Collated([]))];
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
            return MongoValues.AreEqual(changed, found[0]) ? new MongoWrite(Matched: 1)
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
        var options = Collated(new BsonDocument(description.Elements.Where(element => element.Name is not ("name" or "key" or "unique"))));
        var index = new MongoIndex(name, keys, unique, options);
        if (_indexes.Exists(other => other.Description == index.Description))
        {
            return;
        }

        if (_indexes.Exists(other => MongoValues.AreEqual(other.Keys, keys)))
        {
            throw new MongoCommandError(85, "IndexOptionsConflict", $"An equivalent index already exists: {keys}");
        }

        if (_indexes.Exists(other => other.Name == name))
        {
            throw new MongoCommandError(86, "IndexKeySpecsConflict", $"An index of the name {name} exists with other keys");
        }

        foreach (var document in _documents.Keys)
        {
            if (index.IsParallel(document))
            {
                throw new MongoCommandError(171, "CannotIndexParallelArrays", $"cannot index parallel arrays {keys}");
            }

            if (index.IsTaken(document, except: null))
            {
                throw new MongoCommandError(11000, "DuplicateKey", Duplicate(index, document));
            }

            index.Add(document);
        }

        _indexes.Add(index);
    }

    /// <summary>An index without a collation of its own has the collection's; the simple one is told by its absence.</summary>
    private BsonDocument Collated(BsonDocument options)
    {
        if (!options.Contains("collation") && _collation is not null)
        {
            options.Add("collation", _collation);
        }

        if (options.TryGetValue("collation", out var collation) && collation["locale"] == "simple")
        {
            options.Remove("collation");
        }

        return options;
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

        if (_indexes.Exists(index => index.IsParallel(document)))
        {
            return Error(171, "cannot index parallel arrays");
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
