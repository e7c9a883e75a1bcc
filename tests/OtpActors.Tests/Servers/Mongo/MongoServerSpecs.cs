using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Tests.Infrastructure.Stores.Mongo;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Servers.Mongo;

/// <summary>What the store relies on in MongoDB. The double is held to it as a real server is.</summary>
public sealed class MongoServerSpecs : IAsyncDisposable
{
    private readonly MongoStores _stores = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IMongoCollection<BsonDocument> Collection => _stores.Collection;

    public ValueTask DisposeAsync() => _stores.DisposeAsync();

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_duplicate_key_ends_an_ordered_bulk_and_is_one_error_of_an_unordered_one(bool isOrdered, int inserted)
    {
        await UniqueAsync();
        WriteModel<BsonDocument>[] models = [Insert(1), Insert(1), Insert(2)];

        var failure = await Should.ThrowAsync<MongoBulkWriteException<BsonDocument>>(
            () => Collection.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = isOrdered }, Cancellation));
        var error = failure.WriteErrors.ShouldHaveSingleItem();
        (error.Index, error.Code, error.Category).ShouldBe((1, 11000, ServerErrorCategory.DuplicateKey));
        failure.Result.InsertedCount.ShouldBe(inserted);
    }

    [Fact]
    public async Task An_upsert_inserts_once_with_the_filter_s_fields_and_then_changes_nothing()
    {
        await UniqueAsync();
        WriteModel<BsonDocument>[] models = [Upsert(1, "first"), Upsert(1, "second"), Upsert(2, "third")];

        var result = await Collection.BulkWriteAsync(models, new BulkWriteOptions { IsOrdered = false }, Cancellation);
        (result.MatchedCount, result.ModifiedCount, result.Upserts.Count).ShouldBe((1, 0, 2));
        result.Upserts.Select(upsert => upsert.Index).ShouldBe([0, 2]);
        (await Collection.Find(new BsonDocument("key", 1)).SingleAsync(Cancellation)).Elements.Skip(1).ShouldBe(
            [new BsonElement("key", 1), new BsonElement("value", "first")]);
    }

    [Fact]
    public async Task Set_counts_what_it_changes()
    {
        await Collection.InsertOneAsync(new BsonDocument { { "key", 1 }, { "value", "old" } }, cancellationToken: Cancellation);
        var set = new BsonDocument("$set", new BsonDocument("value", "new"));

        var first = await Collection.UpdateOneAsync(new BsonDocument("key", 1), set, cancellationToken: Cancellation);
        var second = await Collection.UpdateOneAsync(new BsonDocument("key", 1), set, cancellationToken: Cancellation);
        (first.MatchedCount, first.ModifiedCount, second.MatchedCount, second.ModifiedCount).ShouldBe((1, 1, 1, 0));
    }

    [Theory]
    [InlineData("{ value: null }", new[] { 0, 1 })]
    [InlineData("{ value: { $gt: 1 } }", new[] { 3 })]
    [InlineData("{ value: { $not: { $gt: 1 } } }", new[] { 0, 1, 2, 4 })]
    [InlineData("{ value: { $in: [1, 'text'] } }", new[] { 2, 4 })]
    [InlineData("{ value: { $ne: 1 } }", new[] { 0, 1, 3, 4 })]
    [InlineData("{ $nor: [{ value: 1 }, { value: { $gte: 'a' } }] }", new[] { 0, 1, 3 })]
    public async Task A_filter_tells_absent_fields_and_kinds_apart(string filter, int[] found)
    {
        await Collection.InsertManyAsync(
            [new("key", 0), new() { { "key", 1 }, { "value", BsonNull.Value } }, new() { { "key", 2 }, { "value", 1L } },
                new() { { "key", 3 }, { "value", 2.5 } }, new() { { "key", 4 }, { "value", "text" } }],
            cancellationToken: Cancellation);

        (await Collection.Find(filter).Sort("{ key: 1 }").ToListAsync(Cancellation)).Select(document => document["key"].AsInt32).ShouldBe(found);
    }

    [Fact]
    public async Task A_cursor_gives_every_document_once_page_by_page()
    {
        await Collection.InsertManyAsync(Enumerable.Range(0, 1_000).Select(i => new BsonDocument("key", i)), cancellationToken: Cancellation);
        using var cursor = await Collection.Find(new BsonDocument(), new FindOptions { BatchSize = 300 }).ToCursorAsync(Cancellation);
        var pages = new List<int>();
        var keys = new HashSet<int>();
        while (await cursor.MoveNextAsync(Cancellation))
        {
            pages.Add(cursor.Current.Count());
            cursor.Current.ShouldAllBe(document => keys.Add(document["key"].AsInt32));
        }

        pages.Where(size => size > 0).ShouldBe([300, 300, 300, 100]);
        keys.Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task Another_index_on_the_same_fields_is_a_conflict()
    {
        await UniqueAsync();
        var other = new CreateIndexModel<BsonDocument>("{ key: 1 }", new CreateIndexOptions { Name = "other" });

        (await Should.ThrowAsync<MongoCommandException>(() => Collection.Indexes.CreateOneAsync(other, cancellationToken: Cancellation)))
            .Code.ShouldBeOneOf(85, 86);
    }

    private Task UniqueAsync() => Collection.Indexes.CreateOneAsync(
        new CreateIndexModel<BsonDocument>("{ key: 1 }", new CreateIndexOptions { Unique = true }), cancellationToken: Cancellation);

    private static InsertOneModel<BsonDocument> Insert(int key) => new(new BsonDocument("key", key));

    private static UpdateOneModel<BsonDocument> Upsert(int key, string value) => new(
        new BsonDocument("key", key), new BsonDocument("$setOnInsert", new BsonDocument("value", value)))
    { IsUpsert = true };
}
