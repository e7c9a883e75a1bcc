using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Records;

namespace OtpActors.Stores.Mongo;

/// <summary>Documents of one address and password that a collection holds more than once.</summary>
/// <param name="Identities">Pairs of address and password that are there more than once.</param>
/// <param name="Surplus">Documents beyond one of each.</param>
/// <param name="Removed">How many of them were removed.</param>
/// <param name="Sample">The first addresses, masked, each with its number of documents.</param>
public sealed record DuplicateReport(long Identities, long Surplus, long Removed, IReadOnlyList<string> Sample);

/// <summary>
/// Finds duplicates by reading the collection once in the order of its pairs, which the server sorts, on its disk if need be;
/// memory here does not grow with it. Of each pair the document stays that tells its origin, which a replay is recognized by,
/// and of several or none the one of the lowest id, which is the oldest of one writer.
/// </summary>
internal sealed class MongoDuplicates(IMongoCollection<BsonDocument> collection, bool remove)
{
    private const int SampleSize = 10;
    private const int Removal = 1_000;

    private static readonly BsonDocument ByPair = new() { { MongoDocuments.Email, 1 }, { MongoDocuments.Otp, 1 } };

    private readonly List<BsonValue> _surplus = [];
    private readonly List<string> _sample = [];
    private (long Identities, long Surplus, long Removed) _counts;

    /// <summary>Broken off at any moment it has removed surplus documents only, and goes on when it is begun again.</summary>
    public async Task<DuplicateReport> RunAsync(CancellationToken cancellationToken)
    {
        BsonDocument? stays = null;
        var copies = 0;
        var sorted = new FindOptions<BsonDocument> { Sort = ByPair, Projection = MongoDocuments.Identified, AllowDiskUse = true };
        using var cursor = await collection.FindAsync(FilterDefinition<BsonDocument>.Empty, sorted, cancellationToken).ConfigureAwait(false);
        while (await cursor.MoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var document in cursor.Current)
            {
                if (stays is null || !IsSame(stays, document))
                {
                    Count(stays, copies);
                    (stays, copies) = (document, 1);
                    continue;
                }

                copies++;
                var (keep, drop) = Rank(document).CompareTo(Rank(stays)) < 0 ? (document, stays) : (stays, document);
                stays = keep;
                _surplus.Add(drop["_id"]);
                if (_surplus.Count == Removal)
                {
                    await RemoveAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }

        Count(stays, copies);
        await RemoveAsync(cancellationToken).ConfigureAwait(false);
        return new DuplicateReport(_counts.Identities, _counts.Surplus, _counts.Removed, _sample);
    }

    /// <summary>As a unique index sees it: numbers by value, an absent field as null.</summary>
    private static bool IsSame(BsonDocument one, BsonDocument other) => ByPair.Names.All(name =>
        one.GetValue(name, BsonNull.Value).CompareTo(other.GetValue(name, BsonNull.Value)) == 0);

    private static (bool LacksOrigin, BsonValue Id) Rank(BsonDocument document) => (!MongoDocuments.HasOrigin(document), document["_id"]);

    private void Count(BsonDocument? document, int copies)
    {
        if (copies < 2)
        {
            return;
        }

        _counts.Identities++;
        _counts.Surplus += copies - 1;
        if (_sample.Count < SampleSize)
        {
            var address = document!.GetValue(MongoDocuments.Email, BsonNull.Value) is BsonString text
                && EmailAddress.TryRestore(text.Value, out var email) ? $"{email}" : "(no address)";
            _sample.Add($"{address}: {copies}");
        }
    }

    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (remove && _surplus.Count > 0)
        {
            var filter = Builders<BsonDocument>.Filter.In("_id", _surplus);
            _counts.Removed += (await collection.DeleteManyAsync(filter, cancellationToken).ConfigureAwait(false)).DeletedCount;
        }

        _surplus.Clear();
    }
}
