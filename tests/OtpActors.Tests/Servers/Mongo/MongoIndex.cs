using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>An index, found by its first field. Of an array each element is a key.</summary>
internal sealed class MongoIndex(string name, BsonDocument keys, bool unique, BsonDocument options)
{
    private readonly Dictionary<BsonValue, List<BsonDocument>> _byFirst = new(MongoValues.Instance);
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

    public bool IsParallel(BsonDocument document) => keys.Names.Count(field => document.GetValue(field, BsonNull.Value).IsBsonArray) > 1;

    public bool IsTaken(BsonDocument document, BsonDocument? except) =>
        unique && Firsts(document).Any(first => _byFirst.TryGetValue(first, out var others)
            && others.Exists(other => !ReferenceEquals(other, except) && keys.Names.All(field => Values(other, field)
                .Intersect(Values(document, field), MongoValues.Instance).Any())));

    public void Add(BsonDocument document)
    {
        foreach (var first in Firsts(document))
        {
            if (!_byFirst.TryGetValue(first, out var documents))
            {
                _byFirst[first] = documents = new List<BsonDocument>(1);
            }

            documents.Add(document);
        }
    }

    public void Remove(BsonDocument document)
    {
        foreach (var first in Firsts(document))
        {
            var documents = _byFirst[first];
            documents.RemoveAll(other => ReferenceEquals(other, document));
            if (documents.Count == 0)
            {
                _byFirst.Remove(first);
            }
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
            : operators.TryGetValue("$in", out var some) ? some.AsBsonArray.Distinct(MongoValues.Instance)
            : null;
        return values?.Any(value => value.IsBsonArray) == false
            ? values.SelectMany(value => _byFirst.GetValueOrDefault(value) ?? []).Distinct(ReferenceEqualityComparer.Instance).Cast<BsonDocument>()
            : null;
    }

    private IEnumerable<BsonValue> Firsts(BsonDocument document) => Values(document, _first);

    private static IEnumerable<BsonValue> Values(BsonDocument document, string field) =>
        document.GetValue(field, BsonNull.Value) is BsonArray { Count: > 0 } array
            ? array.Distinct(MongoValues.Instance) : [document.GetValue(field, BsonNull.Value)];
}
