using MongoDB.Bson;
using MongoDB.Driver;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Mongo;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Mongo;

/// <summary>What a repair of a collection may remove, and what not; on any server.</summary>
public sealed class MongoRepairSpecs : MongoCollectionSpecs
{
    private const string Email = "ann@example.com";

    [Theory]
    [InlineData("abc", "abc\u200d")]
    [InlineData("caf\u00e9", "cafe\u0301")]
    [InlineData("abc", "a\u00adbc")]
    [InlineData("abc", "ABC")]
    [InlineData("1", "\uff11")]
    [InlineData("\ud83d\ude00", "\ufb03")]
    [InlineData("stra\u00dfe", "strasse")]
    [InlineData("\u0133", "ij")]
    public async Task Passwords_of_different_code_points_are_different(string one, string other)
    {
        await PutAsync(Pair(Email, one), Pair(Email, other));
        await using var store = Stores.Open();

        (await RepairAsync(store)).ShouldBe((0, 0, 0, 0));
        (await PasswordsAsync()).ShouldBe([one, other], ignoreOrder: true);
        await store.EnsureSchemaAsync(Cancellation).Eventually();
    }

    [Fact]
    public async Task Only_the_equal_ones_of_many_that_look_alike_are_removed()
    {
        string[] different = ["abc", "abc\u200d", "\u200dabc", "caf\u00e9", "cafe\u0301", "ABC", "a\u00adbc"];
        await PutAsync([.. different.Concat(different).Concat(different).Select(otp => Pair(Email, otp))]);
        await using var store = Stores.Open();

        (await RepairAsync(store)).ShouldBe((7, 14, 0, 0));
        (await PasswordsAsync()).ShouldBe(different, ignoreOrder: true);
        await store.EnsureSchemaAsync(Cancellation).Eventually();
    }

    [Fact]
    public async Task Texts_that_lie_between_equal_ones_in_a_culture_s_order_hide_none()
    {
        await PutAsync(Pair(Email, "a"), Pair(Email, "B"), Pair(Email, "a"), Pair(Email, "A"), Pair(Email, "b"), Pair(Email, "B"));
        await using var store = Stores.Open();

        (await RepairAsync(store)).ShouldBe((2, 2, 0, 0));
        (await PasswordsAsync()).ShouldBe(["A", "B", "a", "b"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("{ email: null, otp: null }", 1)]
    [InlineData("{ }", 1)]
    [InlineData("{ email: 'ann@example.com' }", 1)]
    [InlineData("{ otp: 'abc' }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: null }", 1)]
    [InlineData("{ email: 'no address', otp: 'abc' }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: '' }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: 123456 }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: { kind: 'hash', value: 'abc' } }", 1)]
    [InlineData("{ email: { local: 'ann' }, otp: 'abc' }", 1)]
    [InlineData("{ email: ['ann@example.com'], otp: 'abc' }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: ['abc', 'def'] }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: true }", 1)]
    [InlineData("{ email: 'ann@example.com', otp: { $date: '2026-01-01T00:00:00Z' } }", 1)]
    public async Task What_is_no_record_stays_however_often_it_is_there_and_is_counted(string json, int alike)
    {
        await PutAsync(BsonDocument.Parse(json), BsonDocument.Parse(json), Pair(Email, "xyz"), Pair(Email, "xyz"));
        await using var store = Stores.Open();

        var report = await store.FindDuplicatesAsync(remove: true, Cancellation);
        (report.Identities, report.Surplus, report.Removed, report.Others, report.OthersAlike).ShouldBe((1, 1, 1, 2, alike));
        (await CountAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task Others_of_every_kind_between_records_hide_no_duplicate_and_stay()
    {
        BsonDocument[] others =
        [
            new() { { "email", new BsonArray { Email } }, { "otp", "abc" } },
            new() { { "email", new BsonArray { "zoe@example.com", Email } }, { "otp", "abc" } },
            new() { { "email", Email }, { "otp", new BsonArray { "abc", 5 } } },
            new() { { "email", Email }, { "otp", 5 } }, new() { { "email", Email }, { "otp", 5.0 } }, new() { { "email", Email }, { "otp", 5L } },
            new() { { "email", BsonSymbol.Create(Email) }, { "otp", "abc" } },
            new() { { "email", BsonNull.Value }, { "otp", "abc" } }, new("otp", "abc"), new("email", Email),
            new() { { "email", new BsonDocument("a", 1) }, { "otp", "abc" } },
        ];
        await PutAsync([Pair(Email, "abc"), .. others, Pair(Email, "abc"), Pair("zoe@example.com", "abc")]);
        await using var store = Stores.Open();

        var dry = await store.FindDuplicatesAsync(remove: false, Cancellation);
        var report = await store.FindDuplicatesAsync(remove: true, Cancellation);
        (dry.Identities, dry.Surplus, dry.Others, dry.OthersAlike, dry.Kept).ShouldBe(
            (report.Identities, report.Surplus, report.Others, report.OthersAlike, report.Kept));
        (report.Identities, report.Surplus, report.Removed, report.Others).ShouldBe((1, 1, 1, others.Length));
        report.OthersAlike.ShouldBeGreaterThanOrEqualTo(3); // the three fives, the two without an address
        (await CountAsync()).ShouldBe(others.Length + 2);
    }

    [Fact]
    public async Task A_duplicate_with_fields_of_its_own_stays_and_is_counted()
    {
        await PutAsync(
            Pair(Email, "abc"), Pair(Email, "abc").Add("note", "call back"), Pair(Email, "abc").Add("topic", new BsonDocument("a", 1)),
            Pair(Email, "abc").Merge(new BsonDocument { { "topic", "t" }, { "partition", 0 }, { "offset", 5L } }));
        await using var store = Stores.Open();

        var report = await store.FindDuplicatesAsync(remove: true, Cancellation);
        (report.Identities, report.Surplus, report.Removed, report.Kept).ShouldBe((1, 2, 2, 1));
        var left = await Stores.Collection.Find(FilterDefinition<BsonDocument>.Empty).ToListAsync(Cancellation);
        left.Select(document => document.ElementCount).ShouldBe([4, 4]);
        (await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually())).Message.ShouldContain("leaves to you");
    }

    [Theory]
    [InlineData("{ email: ['ann@example.com', 'x'], otp: 'abc' }")]
    [InlineData("{ email: 'ann@example.com', otp: ['x', 'abc'] }")]
    public async Task A_foreign_document_that_holds_the_pair_in_an_array_makes_a_dead_letter_that_says_so(string json)
    {
        await using var store = Stores.Open();
        await store.EnsureSchemaAsync(Cancellation).Eventually();
        await PutAsync(BsonDocument.Parse(json));

        var result = await store.WriteAsync([Record(Email, "abc", 1), Record(Email, "other", 2), Record("bob@example.com", "abc", 3)], Cancellation).Eventually();
        result.Outcomes.ShouldBe([WriteOutcome.Rejected, WriteOutcome.Inserted, WriteOutcome.Inserted]);
        result.Rejections.ShouldNotBeNull()[0].ShouldContain("no record holds this address and password");
    }

    [Fact]
    public async Task A_foreign_document_that_comes_first_hides_no_record_and_odd_origins_and_times_count_as_none()
    {
        await PutAsync(
            new BsonDocument { { "email", new BsonArray { Email } }, { "otp", "x" }, { "producedAt", new BsonDateTime(4_102_444_800_000) } },
            Pair(Email, "abc").Merge(new BsonDocument
            {
                { "topic", "t" }, { "partition", new BsonDecimal128(Decimal128.Parse("1E+40")) },
                { "offset", double.NaN }, { "producedAt", new BsonDateTime(long.MaxValue) },
            }));
        await using var store = Stores.Open();

        var found = (await store.FindAsync([Parse(Email)], Cancellation).Eventually()).ShouldHaveSingleItem().Value;
        (found.Otp.Reveal(), found.Origin, found.ProducedAt).ShouldBe(("abc", null, null));
    }

    [Fact]
    public async Task A_collection_with_a_collation_is_refused_and_nothing_of_it_removed()
    {
        await Stores.CreateAsync(new BsonDocument("collation", new BsonDocument { { "locale", "en" }, { "strength", 2 } }));
        await PutAsync(Pair(Email, "abc"), Pair(Email, "ABC"));
        await using var store = Stores.Open();

        (await Should.ThrowAsync<StoreSetupException>(() => store.EnsureSchemaAsync(Cancellation).Eventually())).Message
            .ShouldContain("has the default collation 'en', which takes different addresses and passwords for equal");
        await Should.ThrowAsync<StoreSetupException>(() => store.FindDuplicatesAsync(remove: true, Cancellation).Eventually());
        (await CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_collection_with_the_simple_collation_is_taken()
    {
        await Stores.CreateAsync(new BsonDocument("collation", new BsonDocument("locale", "simple")));
        await using var store = Stores.Open();

        await store.EnsureSchemaAsync(Cancellation).Eventually();
    }

    /// <summary>Looks first, then removes, which must tell the same.</summary>
    private static async Task<(long Identities, long Surplus, long Kept, long Others)> RepairAsync(MongoStore store)
    {
        var dry = await store.FindDuplicatesAsync(remove: false, Cancellation);
        var done = await store.FindDuplicatesAsync(remove: true, Cancellation);
        done.ShouldBe(dry with { Removed = dry.Surplus, Sample = done.Sample });
        done.Sample.ShouldBe(dry.Sample);
        return (done.Identities, done.Surplus, done.Kept, done.Others);
    }

    private static EmailAddress Parse(string email) => EmailAddress.Parse(email);

    private static StoreRecord Record(string email, string otp, long offset) => new(
        Parse(email), OneTimePassword.Parse(otp), new RecordOrigin("topic", 0, offset), DateTimeOffset.UnixEpoch);

    private async Task<int> CountAsync() => (await DocumentsAsync()).Count;

    private async Task<IEnumerable<string>> PasswordsAsync() =>
        (await DocumentsAsync()).Select(document => document["otp"].AsString);
}
