using System.Runtime.CompilerServices;
using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;

namespace OtpActors.Infrastructure.Stores.Mongo;

/// <summary>
/// The store in a collection of MongoDB, identity address and password. A batch is one unordered bulk of upserts,
/// acknowledged by a majority; what was there already is looked at, and replaced where the policy says so.
/// </summary>
/// <remarks>
/// Safe for any number of writers, here and elsewhere: the unique index decides who was first, and a replacement is
/// written on the condition that it is the newer one. After an error of any kind the same batch can be written again and
/// tells the same. Times are kept to the millisecond.
/// </remarks>
public sealed class MongoStore(string name, MongoOptions options, OnExisting onExisting, TimeProvider time) : IOtpStore
{
    /// <summary>Addresses asked for at once; keeps a command far below the 16 MB it may take.</summary>
    private const int LookUp = 1_000;

    /// <summary>Documents a page; of some 200 bytes each.</summary>
    private const int ScanPage = 2_000;

    /// <summary>Documents read to find the newest record of an address: one, and some that are no records.</summary>
    private const int NewestPage = 8;

    /// <summary>How often a batch is begun anew because others change the same records meanwhile.</summary>
    private const int Tries = 4;

    private readonly MongoConnection _mongo = new(options);

    public string Name => name;

    public Task EnsureSchemaAsync(CancellationToken cancellationToken) =>
        MongoIndexes.EnsureAsync(_mongo, cancellationToken);

    public Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) =>
        batch.Count == 0
            ? Task.FromResult(new WriteResult([]))
            : _mongo.RunAsync(collection => WriteAsync(collection, batch, cancellationToken), cancellationToken);

    public async Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken)
    {
        var found = new Dictionary<EmailAddress, StoredOtp>(emails.Count);
        foreach (var some in emails.Chunk(LookUp))
        {
            await _mongo.RunAsync(
                async collection =>
                {
                    using var cursor = await Newest(collection, some).ToCursorAsync(cancellationToken).ConfigureAwait(false);
                    while (await cursor.MoveNextAsync(cancellationToken).ConfigureAwait(false))
                    {
                        Keep(found, cursor.Current);
                        if (some.Length == 1 && found.ContainsKey(some[0]))
                        {
                            break; // the newest comes first
                        }
                    }

                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }

        return found;
    }

    public async IAsyncEnumerable<StoredOtp> ScanAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var cursor = await _mongo.RunAsync(
            collection => collection.Find(FilterDefinition<BsonDocument>.Empty, new FindOptions { BatchSize = ScanPage })
                .Project<BsonDocument>(MongoDocuments.Record).ToCursorAsync(cancellationToken),
            cancellationToken).ConfigureAwait(false);
        while (await _mongo.RunAsync(_ => cursor.MoveNextAsync(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            foreach (var document in cursor.Current)
            {
                if (MongoDocuments.TryRead(document, out var row))
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>
    /// Looks for documents that stand in the way of the unique index, as collections of other writers can hold them, and
    /// removes all but one of each if told to. Nothing else removes any.
    /// </summary>
    public async Task<DuplicateReport> FindDuplicatesAsync(bool remove, CancellationToken cancellationToken)
    {
        // Under a collation "the same" would mean something else to the server than here.
        await _mongo.RunAsync(collection => MongoIndexes.ListAsync(collection, cancellationToken), cancellationToken).ConfigureAwait(false);
        return await _mongo.RunPatientlyAsync(
            collection => new MongoDuplicates(collection, remove).RunAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        _mongo.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<WriteResult> WriteAsync(
        IMongoCollection<BsonDocument> collection, IReadOnlyList<StoreRecord> records, CancellationToken cancellationToken)
    {
        var batch = new MongoBatch(records, onExisting);
        for (var number = 1; number <= Tries; number++)
        {
            batch.BeginTry();
            var firsts = batch.Firsts();
            var result = await BulkAsync(collection, batch, firsts, MongoDocuments.Insert, cancellationToken).ConfigureAwait(false);
            foreach (var upsert in result?.Upserts ?? [])
            {
                batch.Inserted(firsts[upsert.Index].Group);
            }

            await ReadPresentAsync(collection, batch, cancellationToken).ConfigureAwait(false);
            if (number == Tries)
            {
                batch.RejectCollided();
            }

            if (!batch.IsKnown)
            {
                continue; // removed by others in between
            }

            var verdict = batch.Classify(out var replacements);
            var replaced = await BulkAsync(collection, batch, replacements, MongoDocuments.Replace, cancellationToken)
                .ConfigureAwait(false);
            if ((replaced?.MatchedCount ?? 0) == replacements.Count)
            {
                return verdict;
            }
        }

        throw new StoreUnavailableException($"{_mongo.Where}: others keep changing the records that are being written");
    }

    /// <summary>Null for no models. A document that is refused for good is marked in the batch; other trouble throws.</summary>
    private async Task<BulkWriteResult<BsonDocument>?> BulkAsync(
        IMongoCollection<BsonDocument> collection,
        MongoBatch batch,
        List<MongoBatch.Place> records,
        Func<StoreRecord, DateTimeOffset, WriteModel<BsonDocument>> model,
        CancellationToken cancellationToken)
    {
        if (records.Count == 0)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var models = records.ConvertAll(record => model(batch[record], now));
        try
        {
            return await collection.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = false }, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (MongoBulkWriteException<BsonDocument> e)
        {
            MongoFailures.ThrowIfUnavailable(e, _mongo.Where);
            foreach (var error in e.WriteErrors)
            {
                if (error.Category == ServerErrorCategory.DuplicateKey)
                {
                    batch.Collided(records[error.Index].Group);
                }
                else
                {
                    batch.Reject(records[error.Index].Group, MongoFailures.Refusal(error.Code));
                }
            }

            return e.Result;
        }
    }

    private static async Task ReadPresentAsync(
        IMongoCollection<BsonDocument> collection, MongoBatch batch, CancellationToken cancellationToken)
    {
        foreach (var some in batch.Present.Chunk(LookUp))
        {
            // The index on both fields takes the product of the two lists in leaps; pairs of no record are passed over.
            var filter = Builders<BsonDocument>.Filter.In(MongoDocuments.Email, some.Select(record => record.Email.Value).Distinct())
                & Builders<BsonDocument>.Filter.In(MongoDocuments.Otp, some.Select(record => record.Otp.Reveal()).Distinct());
            using var cursor = await collection.Find(filter).Project<BsonDocument>(MongoDocuments.Standing)
                .ToCursorAsync(cancellationToken).ConfigureAwait(false);
            while (await cursor.MoveNextAsync(cancellationToken).ConfigureAwait(false))
            {
                foreach (var document in cursor.Current)
                {
                    if (MongoDocuments.TryRead(document, out var row))
                    {
                        batch.Found(row);
                    }
                    else
                    {
                        batch.FoundOther(
                            MongoDocuments.Matching(document, MongoDocuments.Email), [.. MongoDocuments.Matching(document, MongoDocuments.Otp)]);
                    }
                }
            }
        }
    }

    /// <summary>The documents of one address, newest first, in small pages; or all of several, of which the newest are picked here.</summary>
    private static IFindFluent<BsonDocument, BsonDocument> Newest(IMongoCollection<BsonDocument> collection, EmailAddress[] emails) =>
        (emails is [var one]
            ? collection.Find(new BsonDocument(MongoDocuments.Email, one.Value), new FindOptions { BatchSize = NewestPage })
                .Sort(MongoDocuments.NewestFirst)
            : collection.Find(Builders<BsonDocument>.Filter.In(MongoDocuments.Email, emails.Select(email => email.Value).Distinct())))
        .Project<BsonDocument>(MongoDocuments.Record);

    private static void Keep(Dictionary<EmailAddress, StoredOtp> newest, IEnumerable<BsonDocument> documents)
    {
        foreach (var document in documents)
        {
            if (MongoDocuments.TryRead(document, out var row)
                && (!newest.TryGetValue(row.Email, out var other) || Age(row).CompareTo(Age(other)) > 0))
            {
                newest[row.Email] = row;
            }
        }
    }

    private static (DateTimeOffset?, DateTimeOffset?, long?) Age(StoredOtp row) =>
        (row.ProducedAt, row.StoredAt, row.Origin?.Offset);
}
