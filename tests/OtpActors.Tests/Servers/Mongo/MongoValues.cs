using System.Text;
using MongoDB.Bson;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>
/// Order and equality of values as MongoDB sees them without a collation: kinds in their fixed order, numbers by value whatever
/// their kind, texts by their bytes. (<c>BsonValue.CompareTo</c> compares texts by the process's culture.)
/// </summary>
internal sealed class MongoValues : IEqualityComparer<BsonValue>, IComparer<BsonValue>
{
    public static readonly MongoValues Instance = new();

    public static bool AreEqual(BsonValue one, BsonValue other) => Instance.Compare(one, other) == 0;

    /// <summary>Whether no comparison operator crosses from one to the other.</summary>
    public static bool AreOfOneKind(BsonValue one, BsonValue other) => Kind(one) == Kind(other);

    public bool Equals(BsonValue? x, BsonValue? y) => x is null ? y is null : y is not null && Compare(x, y) == 0;

    public int GetHashCode(BsonValue value) => value switch
    {
        { IsNumeric: true } => value.ToDouble().GetHashCode(),
        BsonString or BsonSymbol => string.GetHashCode(Text(value), StringComparison.Ordinal),
        BsonObjectId => value.GetHashCode(),
        _ => Kind(value), // the rest are few, and numbers in them count by value too
    };

    public int Compare(BsonValue? x, BsonValue? y)
    {
        var (one, other) = (x!, y!);
        var kinds = Kind(one).CompareTo(Kind(other));
        return kinds != 0 ? kinds : (one, other) switch
        {
            ({ IsNumeric: true }, _) => Numbers(one, other),
            (BsonString or BsonSymbol, _) =>
                Encoding.UTF8.GetBytes(Text(one)).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(Text(other))),
            (BsonDocument a, BsonDocument b) => Documents(a, b),
            (BsonArray a, BsonArray b) => Arrays(a, b),
            (BsonNull or BsonUndefined, _) => 0,
            _ => one.CompareTo(other),
        };
    }

    private static int Numbers(BsonValue one, BsonValue other) =>
        one is BsonDouble or BsonDecimal128 || other is BsonDouble or BsonDecimal128
            ? one.ToDouble().CompareTo(other.ToDouble()) : one.ToInt64().CompareTo(other.ToInt64());

    /// <summary>Field by field: kind, name, value; then the shorter one first.</summary>
    private int Documents(BsonDocument one, BsonDocument other)
    {
        foreach (var (left, right) in one.Zip(other))
        {
            var order = Kind(left.Value).CompareTo(Kind(right.Value));
            order = order != 0 ? order : string.CompareOrdinal(left.Name, right.Name);
            order = order != 0 ? order : Compare(left.Value, right.Value);
            if (order != 0)
            {
                return order;
            }
        }

        return one.ElementCount.CompareTo(other.ElementCount);
    }

    private int Arrays(BsonArray one, BsonArray other)
    {
        foreach (var (left, right) in one.Zip(other))
        {
            var order = Compare(left, right);
            if (order != 0)
            {
                return order;
            }
        }

        return one.Count.CompareTo(other.Count);
    }

    private static string Text(BsonValue value) => value is BsonSymbol symbol ? symbol.Name : value.AsString;

    private static int Kind(BsonValue value) => value.BsonType switch
    {
        BsonType.MinKey => 0,
        BsonType.Null or BsonType.Undefined => 1,
        BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128 => 2,
        BsonType.String or BsonType.Symbol => 3,
        BsonType.Document => 4,
        BsonType.Array => 5,
        BsonType.Binary => 6,
        BsonType.ObjectId => 7,
        BsonType.Boolean => 8,
        BsonType.DateTime => 9,
        BsonType.Timestamp => 10,
        BsonType.RegularExpression => 11,
        _ => 12,
    };
}

/// <summary>The order of a <c>sort</c>: of an array the least element counts, or the greatest one downwards.</summary>
internal sealed class MongoOrder(BsonDocument sort) : IComparer<BsonDocument>
{
    public int Compare(BsonDocument? x, BsonDocument? y)
    {
        foreach (var field in sort)
        {
            var direction = field.Value.ToInt32();
            var order = MongoValues.Instance.Compare(Key(x!, field.Name, direction), Key(y!, field.Name, direction));
            if (order != 0)
            {
                return direction * order;
            }
        }

        return 0;
    }

    /// <summary>A field that is absent sorts as null, which comes before nearly all else, and an empty array before that.</summary>
    private static BsonValue Key(BsonDocument document, string name, int direction) =>
        document.GetValue(name, BsonNull.Value) is not BsonArray array ? document.GetValue(name, BsonNull.Value)
        : array.Count == 0 ? BsonMinKey.Value
        : direction > 0 ? array.Min(MongoValues.Instance)! : array.Max(MongoValues.Instance)!;
}
