using MongoDB.Bson;
using MongoDB.Driver;

namespace OtpActors.Stores.Mongo;

/// <summary>
/// The two indexes that the store relies on: unique on (email, otp), which is the identity, and on (email, producedAt),
/// which finds an address's newest. The first one made makes the collection.
/// </summary>
internal static class MongoIndexes
{
    private const int DuplicateKey = 11000;
    private const int OptionsConflict = 85;
    private const int KeysConflict = 86;

    private static readonly BsonDocument Identity = new() { { MongoDocuments.Email, 1 }, { MongoDocuments.Otp, 1 } };
    private static readonly BsonDocument Newest = new() { { MongoDocuments.Email, 1 }, { MongoDocuments.ProducedAt, 1 } };

    /// <exception cref="StoreSetupException">The collection stands in an index's way.</exception>
    public static async Task EnsureAsync(IMongoCollection<BsonDocument> collection, CancellationToken cancellationToken)
    {
        using var cursor = await collection.Indexes.ListAsync(cancellationToken).ConfigureAwait(false);
        var present = await cursor.ToListAsync(cancellationToken).ConfigureAwait(false);
        if (!present.Exists(index => Has(index, Identity) && index.GetValue("unique", false).ToBoolean() && IsWhole(index)))
        {
            await CreateAsync(collection, Identity, unique: true, cancellationToken).ConfigureAwait(false);
        }

        if (!present.Exists(index => Has(index, Newest) && IsWhole(index)))
        {
            await CreateAsync(collection, Newest, unique: false, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>By value: some clients write the directions as floating-point numbers.</summary>
    private static bool Has(BsonDocument index, BsonDocument keys) => index["key"].CompareTo(keys) == 0;

    /// <summary>Every document is in it, and texts are compared as they are.</summary>
    private static bool IsWhole(BsonDocument index) =>
        !index.Contains("partialFilterExpression") && !index.Contains("collation") && !index.GetValue("sparse", false).ToBoolean();

    private static async Task CreateAsync(
        IMongoCollection<BsonDocument> collection, BsonDocument keys, bool unique, CancellationToken cancellationToken)
    {
        var fields = $"({string.Join(", ", keys.Names)})";
        var name = $"{collection.CollectionNamespace}";
        try
        {
            await collection.Indexes.CreateOneAsync(
                new CreateIndexModel<BsonDocument>(keys, new CreateIndexOptions { Unique = unique }), options: null, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (MongoCommandException e) when (e.Code == DuplicateKey)
        {
            // The server's own words hold the record; they end here.
            throw new StoreSetupException(
                $"{name} holds records more than once, so that its unique index on {fields} cannot be built. "
                + "`OtpActors repair mongo --dry-run` lists them, `OtpActors repair mongo` keeps one of each and removes the others");
        }
        catch (MongoCommandException e) when (e.Code is OptionsConflict or KeysConflict)
        {
            throw new StoreSetupException(
                $"{name} has an index that stands in the way of the {(unique ? "unique " : "")}one on {fields}: "
                + "of the same name or fields, and otherwise made. Drop it, and it is built at the next start");
        }
    }
}
