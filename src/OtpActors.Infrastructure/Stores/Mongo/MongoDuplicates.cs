using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>What a collection holds that stands in the way of the unique index on address and password.</summary>
/// <param name="Identities">Records that are there more than once.</param>
/// <param name="Surplus">Documents beyond one of each, which hold nothing that the one that stays does not.</param>
/// <param name="Removed">How many of the surplus were removed.</param>
/// <param name="Kept">Documents beyond one of each that hold fields of their own; never removed.</param>
/// <param name="Others">Documents that are no records; never removed.</param>
/// <param name="OthersAlike">Those of them that are equal to another document in both fields, as far as a look at neighbours tells.</param>
/// <param name="Sample">The first addresses, masked, each with its number of documents.</param>
public sealed record DuplicateReport(
    long Identities, long Surplus, long Removed, long Kept, long Others, long OthersAlike, IReadOnlyList<string> Sample)
{
    /// <summary>Whether the unique index can be built once the surplus is gone.</summary>
    public bool CanBeIndexed => Kept == 0 && OthersAlike == 0;
}

/// <summary>
/// Finds duplicates by reading the collection once in the order of its pairs, which the server sorts, on its disk if need be;
/// memory here does not grow with it. Only records are compared, and by their code points, as the server compares them without
/// a collation. Of each pair the document stays that holds fields of its own, then the one that tells its origin, which a
/// replay is recognized by, and of several or none the one of the lowest id, which is the oldest of one writer.
/// </summary>
internal sealed class MongoDuplicates(IMongoCollection<BsonDocument> collection, bool remove)
{
    private const int SampleSize = 10;
    private const int Removal = 1_000;

    // Arrays sort by one of their elements and can lie between records of one pair; records alone are in the order of their pairs.
    private static readonly BsonDocument ByPair = new()
    {
        { MongoDocuments.Email, 1 }, { MongoDocuments.Otp, 1 }, { "_id", 1 },
    };

    private readonly List<BsonDocument> _surplus = [];
    private readonly List<string> _sample = [];
    private (long Identities, long Surplus, long Removed, long Kept, long Others, long Alike) _counts;

    /// <summary>Broken off at any moment it has removed surplus documents only, and goes on when it is begun again.</summary>
    public async Task<DuplicateReport> RunAsync(CancellationToken cancellationToken)
    {
        BsonDocument? stays = null;
        BsonDocument? before = null;
        var copies = 0;
        var sorted = new FindOptions<BsonDocument> { Sort = ByPair, AllowDiskUse = true };
        using var cursor = await collection.FindAsync(FilterDefinition<BsonDocument>.Empty, sorted, cancellationToken).ConfigureAwait(false);
        while (await cursor.MoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var document in cursor.Current)
            {
                var isRecord = MongoDocuments.IsRecord(document);
                _counts.Others += isRecord ? 0 : 1;
                if (before is not null && !(isRecord && MongoDocuments.IsRecord(before)) && IsAlike(before, document))
                {
                    _counts.Alike++;
                }

                before = document;
                if (!isRecord)
                {
                    continue;
                }

                if (stays is null || !IsSame(stays, document))
                {
                    Count(stays, copies);
                    (stays, copies) = (document, 1);
                    continue;
                }

                copies++;
                var (keep, drop) = Rank(document).CompareTo(Rank(stays)) < 0 ? (document, stays) : (stays, document);
                stays = keep;
                await DropAsync(drop, cancellationToken).ConfigureAwait(false);
            }
        }

        Count(stays, copies);
        await RemoveAsync(cancellationToken).ConfigureAwait(false);
        return new DuplicateReport(
            _counts.Identities, _counts.Surplus, _counts.Removed, _counts.Kept, _counts.Others, _counts.Alike, _sample);
    }

    /// <summary>Of records: both fields are texts.</summary>
    private static bool IsSame(BsonDocument one, BsonDocument other) =>
        string.Equals(one[MongoDocuments.Email].AsString, other[MongoDocuments.Email].AsString, StringComparison.Ordinal)
        && string.Equals(one[MongoDocuments.Otp].AsString, other[MongoDocuments.Otp].AsString, StringComparison.Ordinal);

    /// <summary>As a unique index sees values that are no arrays: numbers by value, an absent field as null.</summary>
    private static bool IsAlike(BsonDocument one, BsonDocument other) =>
        IsAlike(one, other, MongoDocuments.Email) && IsAlike(one, other, MongoDocuments.Otp);

    private static bool IsAlike(BsonDocument one, BsonDocument other, string name)
    {
        var (left, right) = (one.GetValue(name, BsonNull.Value), other.GetValue(name, BsonNull.Value));
        return left.IsNumeric && right.IsNumeric ? left == right : left.Equals(right);
    }

    private static (bool LacksFields, bool LacksOrigin) Rank(BsonDocument document) =>
        (!MongoDocuments.HasForeignFields(document), !MongoDocuments.HasOrigin(document));

    private void Count(BsonDocument? document, int copies)
    {
        if (copies < 2)
        {
            return;
        }

        _counts.Identities++;
        if (_sample.Count < SampleSize)
        {
            var address = document!.GetValue(MongoDocuments.Email, BsonNull.Value) is BsonString text
                && EmailAddress.TryRestore(text.Value, out var email) ? $"{email}" : "(no address)";
            _sample.Add($"{address}: {copies}");
        }
    }

    private async Task DropAsync(BsonDocument document, CancellationToken cancellationToken)
    {
        if (MongoDocuments.HasForeignFields(document))
        {
            _counts.Kept++;
            return;
        }

        _counts.Surplus++;
        _surplus.Add(document);
        if (_surplus.Count == Removal)
        {
            await RemoveAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Each by its id and its pair: what has become another record meanwhile stays.</summary>
    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (remove && _surplus.Count > 0)
        {
            var models = _surplus.ConvertAll(document => new DeleteOneModel<BsonDocument>(new BsonDocument
            {
                { "_id", new BsonDocument("$eq", document["_id"]) },
                { MongoDocuments.Email, document[MongoDocuments.Email] },
                { MongoDocuments.Otp, document[MongoDocuments.Otp] },
            }));
            var result = await collection.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = false }, cancellationToken)
                .ConfigureAwait(false);
            _counts.Removed += result.DeletedCount;
        }

        _surplus.Clear();
    }
}
