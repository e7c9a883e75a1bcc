using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>A filter of find, update and delete, on fields of the first level. An operator that it does not know is an error.</summary>
internal sealed class MongoFilter
{
    private readonly List<Func<BsonDocument, bool>> _all;

    public MongoFilter(BsonDocument filter) => _all = [.. filter.Select(Compile)];

    public bool Matches(BsonDocument document) => _all.TrueForAll(condition => condition(document));

    /// <summary>What an upsert takes over from its filter: values of fields that the filter asks for as equal.</summary>
    public static BsonDocument Equalities(BsonDocument filter) => new(filter.Where(element =>
        !element.Name.StartsWith('$') && !IsOperators(element.Value)));

    private static Func<BsonDocument, bool> Compile(BsonElement element)
    {
        if (element.Name.StartsWith('$'))
        {
            var parts = element.Value.AsBsonArray.Select(part => new MongoFilter(part.AsBsonDocument)).ToList();
            return element.Name switch
            {
                "$and" => document => parts.TrueForAll(part => part.Matches(document)),
                "$or" => document => parts.Exists(part => part.Matches(document)),
                "$nor" => document => !parts.Exists(part => part.Matches(document)),
                _ => throw Unknown(element.Name),
            };
        }

        var condition = Condition(element.Value);
        return document => condition(document.GetValue(element.Name, null));
    }

    /// <summary>A condition on a field's value, which is null where the field is absent.</summary>
    private static Func<BsonValue?, bool> Condition(BsonValue wanted)
    {
        if (!IsOperators(wanted))
        {
            return value => IsEqual(value, wanted);
        }

        var all = wanted.AsBsonDocument.Select(Operator).ToList();
        return value => all.TrueForAll(condition => condition(value));
    }

    private static Func<BsonValue?, bool> Operator(BsonElement element)
    {
        var wanted = element.Value;
        switch (element.Name)
        {
            case "$eq":
                return value => IsEqual(value, wanted);
            case "$ne":
                return value => !IsEqual(value, wanted);
            case "$gt":
                return value => HasOrder(value, wanted, order => order > 0);
            case "$gte":
                return value => HasOrder(value, wanted, order => order >= 0);
            case "$lt":
                return value => HasOrder(value, wanted, order => order < 0);
            case "$lte":
                return value => HasOrder(value, wanted, order => order <= 0);
            case "$exists":
                return value => value is not null == wanted.ToBoolean();
            case "$in":
                var set = wanted.AsBsonArray.ToHashSet(MongoValues.Instance);
                return value => Candidates(value).Any(set.Contains);
            case "$not":
                var condition = Condition(wanted);
                return value => !condition(value);
            default:
                throw Unknown(element.Name);
        }
    }

    /// <summary>What of a field is compared: itself, and each element of an array. An absent field is equal to null.</summary>
    private static IEnumerable<BsonValue> Candidates(BsonValue? value) =>
        value is BsonArray array ? array.Prepend(array) : [value ?? BsonNull.Value];

    private static bool IsEqual(BsonValue? value, BsonValue wanted) => Candidates(value).Any(each => MongoValues.AreEqual(each, wanted));

    /// <summary>No comparison crosses from one kind to another.</summary>
    private static bool HasOrder(BsonValue? value, BsonValue wanted, Predicate<int> holds) => value is not null
        && Candidates(value).Any(each =>
            MongoValues.AreOfOneKind(each, wanted) && holds(MongoValues.Instance.Compare(each, wanted)));

    private static bool IsOperators(BsonValue value) =>
        value is BsonDocument { ElementCount: > 0 } document && document.GetElement(0).Name.StartsWith('$');

    private static MongoCommandError Unknown(string name) => new(2, "BadValue", $"unknown operator: {name}");
}
