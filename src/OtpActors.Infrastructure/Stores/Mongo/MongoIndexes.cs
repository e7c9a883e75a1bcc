using MongoDB.Bson;
using MongoDB.Driver;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// The two indexes that the store relies on: unique on (email, otp), which is the identity, and on (email, producedAt),
/// which finds an address's newest. The first one made makes the collection.
/// </summary>
internal static class MongoIndexes
{
    private const int DuplicateKey = 11000;
    private const int OptionsConflict = 85;
    private const int KeysConflict = 86;
    private const string Simple = "simple";

    private static readonly BsonDocument Identity = new() { { MongoDocuments.Email, 1 }, { MongoDocuments.Otp, 1 } };
    private static readonly BsonDocument Id = new("_id", 1);
    private static readonly BsonDocument Newest = new() { { MongoDocuments.Email, 1 }, { MongoDocuments.ProducedAt, 1 } };

    /// <summary>Builds what is absent, one after the other, through a connection that has the patience for it.</summary>
    /// <exception cref="StoreSetupException">The collection is not fit for the store, or stands in an index's way.</exception>
    public static async Task EnsureAsync(MongoConnection mongo, CancellationToken cancellationToken)
    {
        var present = await mongo.RunAsync(collection => ListAsync(collection, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        if (!present.Exists(index => Has(index, Identity) && index.GetValue("unique", false).ToBoolean() && IsWhole(index)))
        {
            await CreateAsync(Identity, unique: true).ConfigureAwait(false);
        }

        if (!present.Exists(index => Has(index, Newest) && IsWhole(index)))
        {
            await CreateAsync(Newest, unique: false).ConfigureAwait(false);
        }

        Task CreateAsync(BsonDocument keys, bool unique) => mongo.RunPatientlyAsync(
            async collection =>
            {
                await MongoIndexes.CreateAsync(collection, keys, unique, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <exception cref="StoreSetupException">The collection does not compare texts as they are.</exception>
    public static async Task<List<BsonDocument>> ListAsync(IMongoCollection<BsonDocument> collection, CancellationToken cancellationToken)
    {
        using var cursor = await collection.Indexes.ListAsync(cancellationToken).ConfigureAwait(false);
        var present = await cursor.ToListAsync(cancellationToken).ConfigureAwait(false);

        // The index on the id always has the collection's own collation, and tells it without a right to list collections.
        var locale = present.Where(index => Has(index, Id)).Select(Locale).FirstOrDefault(each => each != Simple);
        return locale is null ? present : throw new StoreSetupException(
            $"{collection.CollectionNamespace} has the default collation '{locale}', which takes different addresses and passwords "
            + "for equal. The store needs a collection without a collation: name another one in OtpActors:Mongo:Collection, or copy "
            + "its documents into one that was created without");
    }

    /// <summary>By value: some clients write the directions as floating-point numbers.</summary>
    private static bool Has(BsonDocument index, BsonDocument keys) =>
        index["key"] is BsonDocument present
        && present.Names.SequenceEqual(keys.Names, StringComparer.Ordinal)
        && present.Values.All(direction => direction.IsNumeric && direction.ToDouble() == 1);

    /// <summary>Every document is in it, and texts are compared as they are.</summary>
    private static bool IsWhole(BsonDocument index) => !index.Contains("partialFilterExpression")
        && Locale(index) == Simple && !index.GetValue("sparse", false).ToBoolean();

    private static string Locale(BsonDocument index) =>
        index.GetValue("collation", BsonNull.Value) is BsonDocument collation ? $"{collation.GetValue("locale", "?")}" : Simple;

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
                + "`OtpActors repair mongo --dry-run` lists them, `OtpActors repair mongo` keeps one of each and removes the others; documents that are "
                + "no records, or hold more than a record, it leaves to you");
        }
        catch (MongoCommandException e) when (e.Code is OptionsConflict or KeysConflict)
        {
            throw new StoreSetupException(
                $"{name} has an index that stands in the way of the {(unique ? "unique " : "")}one on {fields}: "
                + "of the same name or fields, and otherwise made. Drop it, and it is built at the next start");
        }
    }
}
