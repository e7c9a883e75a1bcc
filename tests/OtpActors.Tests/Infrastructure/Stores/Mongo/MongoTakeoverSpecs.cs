using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>A collection that others have filled, or set up, before; on any server.</summary>
public sealed class MongoTakeoverSpecs : MongoCollectionSpecs
{
    private const string Secret = "s3cr3t-0tp";

    [Fact]
    public async Task Documents_have_the_tutorial_s_fields_and_those_that_tell_where_they_came_from()
    {
        await using var store = await OpenAsync();
        await store.WriteAsync([Record("ann", Secret, 7)], Cancellation);

        var document = (await DocumentsAsync()).ShouldHaveSingleItem();
        document.Names.ShouldBe(["_id", "email", "otp", "topic", "partition", "offset", "producedAt", "storedAt"]);
        (document["email"], document["otp"], document["topic"], document["partition"], document["offset"]).ShouldBe(
            ("ann@example.com", Secret, "topic", 0, 7L));
        document["producedAt"].ToUniversalTime().ShouldBe(DateTime.UnixEpoch.AddSeconds(7));
        var indexes = await (await Stores.Collection.Indexes.ListAsync(Cancellation)).ToListAsync(Cancellation);
        indexes.Select(index => (string.Join(',', index["key"].AsBsonDocument.Names), index.GetValue("unique", false).ToBoolean()))
            .ShouldBe([("_id", false), ("email,otp", true), ("email,producedAt", false)], ignoreOrder: true);
    }

    [Theory]
    [InlineData(OnExisting.Skip, WriteOutcome.Skipped, false)]
    [InlineData(OnExisting.Replace, WriteOutcome.Inserted, true)]
    public async Task The_tutorial_s_documents_are_taken_over(OnExisting onExisting, WriteOutcome outcome, bool hasOrigin)
    {
        await PutAsync(Tutorial("ann", Secret));
        await using var store = await OpenAsync(onExisting);
        var ann = EmailAddress.Parse("ann@example.com");

        (await store.FindAsync([ann], Cancellation))[ann].ShouldBe(new StoredOtp(ann, OneTimePassword.Parse(Secret), null, null, null));
        (await store.WriteAsync([Record("ann", Secret, 1)], Cancellation)).Outcomes.ShouldBe([outcome]);
        (await DocumentsAsync()).ShouldHaveSingleItem().Contains("topic").ShouldBe(hasOrigin);
    }

    [Fact]
    public async Task Duplicates_are_told_and_stay_until_somebody_asks_for_the_repair()
    {
        await PutAsync(
            Tutorial("ann", Secret), Tutorial("ann", Secret), Tutorial("bob", Secret), Tutorial("ann", "other"),
            Tutorial("ann", Secret).Merge(new BsonDocument { { "topic", "t" }, { "partition", 0 }, { "offset", 5L } }));
        await using var store = Stores.Open();

        var failure = await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());
        failure.Message.ShouldContain("repair mongo --dry-run");
        failure.ToString().ShouldNotContain(Secret);
        (await DocumentsAsync()).Count.ShouldBe(5);

        var found = await store.FindDuplicatesAsync(remove: false, Cancellation);
        (found.Identities, found.Surplus, found.Removed).ShouldBe((1, 2, 0));
        found.Sample.ShouldBe(["a***@example.com: 3"]);
        (await DocumentsAsync()).Count.ShouldBe(5);

        (await store.FindDuplicatesAsync(remove: true, Cancellation)).Removed.ShouldBe(2);
        var left = await DocumentsAsync();
        left.Select(document => (document["email"].AsString, document["otp"].AsString, document.Contains("topic"))).ShouldBe(
            [("ann@example.com", Secret, true), ("ann@example.com", "other", false), ("bob@example.com", Secret, false)], ignoreOrder: true);
        await store.EnsureSchemaAsync(Cancellation);
        (await store.FindDuplicatesAsync(remove: true, Cancellation)).Surplus.ShouldBe(0);
    }

    [Fact]
    public async Task Many_duplicates_are_removed_and_of_equal_ones_the_oldest_stays()
    {
        var documents = Enumerable.Range(0, 2_500).Select(i => new BsonDocument("_id", i).Merge(Tutorial("ann", $"{i % 2}"))).ToArray();
        await PutAsync(documents);
        await using var store = Stores.Open();

        (await store.FindDuplicatesAsync(remove: true, Cancellation)).Removed.ShouldBe(2_498);
        (await DocumentsAsync()).Select(document => document["_id"].AsInt32).Order().ShouldBe([0, 1]);
    }

    [Fact]
    public async Task A_unique_index_of_another_name_will_do()
    {
        await IndexAsync(new CreateIndexOptions { Unique = true, Name = "mine" }, "email", "otp");
        await using var store = await OpenAsync();

        (await (await Stores.Collection.Indexes.ListAsync(Cancellation)).ToListAsync(Cancellation)).Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_index_that_stands_in_the_way_is_named()
    {
        await IndexAsync(new CreateIndexOptions(), "email", "otp");
        await using var store = Stores.Open();

        var failure = await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());
        failure.Message.ShouldContain("stands in the way of the unique one on (email, otp)");
    }

    [Fact]
    public async Task What_another_unique_index_forbids_is_refused_for_good_and_the_rest_is_stored()
    {
        await IndexAsync(new CreateIndexOptions { Unique = true }, "email");
        await using var store = await OpenAsync();

        var result = await store.WriteAsync([Record("ann", "1", 1), Record("ann", Secret, 2), Record("bob", "3", 3)], Cancellation).Eventually();
        result.Outcomes.ShouldBe([WriteOutcome.Inserted, WriteOutcome.Rejected, WriteOutcome.Inserted]);
        result.Rejections.ShouldNotBeNull()[1].ShouldContain("unique index");
        result.Rejections[1].ShouldNotContain(Secret);
    }

    [Fact]
    public async Task Ten_bad_records_of_a_thousand_are_refused_and_the_others_stored()
    {
        await Stores.RefuseAsync(Secret);
        await using var store = await OpenAsync();
        var batch = Enumerable.Range(0, 1_000).Select(i => Record($"user{i}", i % 100 == 42 ? Secret : $"{i:D6}", i)).ToList();

        for (var again = 0; again < 2; again++)
        {
            var result = await store.WriteAsync(batch, Cancellation).Eventually();
            result.Outcomes.Count(outcome => outcome == WriteOutcome.Inserted).ShouldBe(990);
            result.Rejections.ShouldNotBeNull().Keys.Order().ShouldBe(Enumerable.Range(0, 10).Select(i => (i * 100) + 42));
            result.Rejections.Values.ShouldAllBe(reason => reason == "MongoDB refuses the document: DocumentValidationFailure (121)");
        }

        (await DocumentsAsync()).Count.ShouldBe(990);
    }

    [Fact]
    public async Task A_document_over_16_MB_is_refused_and_the_rest_is_stored()
    {
        await using var store = await OpenAsync();
        var large = new StoreRecord(
            EmailAddress.Parse("large@example.com"), OneTimePassword.Parse("1"), new RecordOrigin(new string('t', 17 << 20), 0, 0), default);

        var result = await store.WriteAsync([large, Record("bob", "1", 1)], Cancellation).Eventually();
        result.Outcomes.ShouldBe([WriteOutcome.Rejected, WriteOutcome.Inserted]);
        result.Rejections.ShouldNotBeNull()[0].ShouldContain("16 MB");
    }

    [Fact]
    public async Task Documents_that_are_no_records_are_passed_over()
    {
        await PutAsync(
            new BsonDocument("something", "else"), new BsonDocument("email", "ann@example.com"),
            new BsonDocument { { "email", "no address" }, { "otp", "1" } }, new BsonDocument { { "email", "bob@example.com" }, { "otp", 123456 } });
        await using var store = await OpenAsync();
        var rows = new List<StoredOtp>();
        await foreach (var row in store.ScanAsync(Cancellation))
        {
            rows.Add(row);
        }

        rows.ShouldHaveSingleItem().Otp.Reveal().ShouldBe("123456");
    }

    [Fact]
    public async Task Of_many_writers_that_replace_the_newest_record_stands()
    {
        await using var store = await OpenAsync(OnExisting.Replace);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            (await store.WriteAsync([Record("ann", Secret, i, partition: i)], Cancellation).Eventually()).Outcomes.Single()));

        outcomes[15].ShouldBe(WriteOutcome.Inserted);
        (await DocumentsAsync()).ShouldHaveSingleItem()["offset"].ShouldBe(15L);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_outage_that_names_it_and_tells_no_secret()
    {
        var options = Stores.Options;
        options.ConnectionString = $"mongodb://user:{Secret}@127.0.0.1:1/?serverSelectionTimeoutMS=200";
        await using var store = new MongoStore("mongo", options, OnExisting.Skip, TimeProvider.System);

        var outage = await Should.ThrowAsync<StoreUnavailableException>(() => store.EnsureSchemaAsync(Cancellation).Eventually());
        outage.Message.ShouldContain("MongoDB at 127.0.0.1:1 is unavailable: it cannot be reached");
        outage.ToString().ShouldNotContain(Secret);
    }

    private async Task<MongoStore> OpenAsync(OnExisting onExisting = OnExisting.Skip)
    {
        var store = Stores.Open(onExisting);
        await store.EnsureSchemaAsync(Cancellation).Eventually();
        return store;
    }

    private static StoreRecord Record(string local, string otp, long offset, int partition = 0) => new(
        EmailAddress.Parse($"{local}@example.com"), OneTimePassword.Parse(otp), new RecordOrigin("topic", partition, offset),
        DateTimeOffset.UnixEpoch.AddSeconds(offset));

    private static BsonDocument Tutorial(string local, string otp) => Pair($"{local}@example.com", otp);

    private Task IndexAsync(CreateIndexOptions options, params string[] fields) => Stores.Collection.Indexes.CreateOneAsync(
        new CreateIndexModel<BsonDocument>(new BsonDocument(fields.Select(field => new BsonElement(field, 1))), options),
        cancellationToken: Cancellation);
}
