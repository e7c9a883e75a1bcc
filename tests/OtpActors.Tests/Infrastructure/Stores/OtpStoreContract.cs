using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores;

/// <summary>
/// What every <see cref="IOtpStore"/> promises, whatever its identity. Addresses are a test's own, so that tests can
/// share one server.
/// </summary>
public abstract class OtpStoreContract : IAsyncLifetime
{
    private readonly string _own = Guid.NewGuid().ToString("N")[..12];
    private readonly List<IOtpStore> _opened = [];

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Whether the store writes without looking under <see cref="OnExisting.Replace"/>: then the same rows stand in the
    /// end, a record that is older than what stood before counts as inserted, and a replay moves the time of storing.
    /// </summary>
    protected virtual bool ReplacesBlindly => false;

    protected static DateTimeOffset Noon { get; } = new(2026, 1, 2, 12, 0, 0, 250, TimeSpan.Zero);

    [Fact]
    public async Task A_new_record_is_inserted_and_found_as_it_was()
    {
        var store = await StoreAsync();
        var record = Record("a", "012345", offset: 7);
        (await WriteAsync(store, record)).ShouldBe([WriteOutcome.Inserted]);

        var found = await FindAsync(store, "a");
        found.ShouldNotBeNull().ShouldBe(
            new StoredOtp(record.Email, record.Otp, record.Origin, record.ProducedAt, found.StoredAt));
        found.Otp.Reveal().ShouldBe("012345");
        found.StoredAt.ShouldNotBeNull();
    }

    [Fact]
    public async Task Preparing_the_store_twice_is_harmless()
    {
        var store = await StoreAsync();
        await WriteAsync(store, Record("a", "123456"));
        await store.EnsureSchemaAsync(Cancellation);

        (await FindAsync(store, "a")).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_empty_batch_is_no_work()
    {
        var store = await StoreAsync();

        (await WriteAsync(store)).ShouldBeEmpty();
        (await store.FindAsync([], Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Many_addresses_are_looked_up_at_once_and_absent_ones_left_out()
    {
        var store = await StoreAsync();
        var records = Enumerable.Range(0, 600).Select(i => Record($"user{i}", $"{i:D6}", offset: i)).ToArray();
        await WriteAsync(store, records);
        var wanted = Enumerable.Range(300, 600).Select(i => Address($"user{i}")).Append(Address("user300")).ToList();
        var found = await store.FindAsync(wanted, Cancellation);

        found.Keys.ShouldBe(records.Skip(300).Select(record => record.Email), ignoreOrder: true);
        found.ShouldAllBe(pair => pair.Value.Email == pair.Key);
        found[Address("user599")].Otp.Reveal().ShouldBe("000599");
    }

    [Theory]
    [InlineData(OnExisting.Skip)]
    [InlineData(OnExisting.Replace)]
    public async Task Replaying_a_batch_adds_nothing_and_tells_the_same(OnExisting onExisting)
    {
        var store = await StoreAsync(onExisting);
        var batch = Enumerable.Range(0, 50).Select(i => Record($"user{i}", $"{i:D6}", offset: i))
            .Append(Record("user7", "000007", offset: 50, producedAt: Noon.AddDays(-1))).ToArray();
        var first = await WriteAsync(store, batch);
        var before = await ScanAsync(store);
        var again = await WriteAsync(store, batch);

        first.Count(outcome => outcome == WriteOutcome.Inserted).ShouldBe(50);
        first[^1].ShouldBe(WriteOutcome.Skipped);
        again.ShouldBe(first);
        var moves = ReplacesBlindly && onExisting == OnExisting.Replace;
        (await ScanAsync(store)).Select(Fixed).ShouldBe(before.Select(Fixed), ignoreOrder: true);

        StoredOtp Fixed(StoredOtp row) => moves ? row with { StoredAt = null } : row;
    }

    [Fact]
    public async Task A_batch_behaves_as_if_its_records_came_one_by_one()
    {
        var store = await StoreAsync();
        var outcomes = await WriteAsync(
            store,
            Record("a", "111111", offset: 0),
            Record("b", "222222", offset: 1),
            Record("a", "111111", offset: 2));

        outcomes.ShouldBe([WriteOutcome.Inserted, WriteOutcome.Inserted, WriteOutcome.Skipped]);
        (await FindAsync(store, "a")).ShouldNotBeNull().Origin!.Value.Offset.ShouldBe(0);
    }

    [Theory]
    [InlineData("000000")]
    [InlineData("0")]
    [InlineData("пароль-密码")]
    [InlineData("it's \"quoted\"; DROP TABLE email_table --")]
    [InlineData("inner  spaces")]
    public async Task A_password_comes_back_as_it_was(string password)
    {
        var store = await StoreAsync();
        await WriteAsync(store, Record("a", password));

        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe(password);
    }

    [Fact]
    public async Task The_longest_password_fits()
    {
        var store = await StoreAsync();
        var longest = new string('ж', OneTimePassword.MaxLength);
        await WriteAsync(store, Record("a", longest));

        (await FindAsync(store, "a")).ShouldNotBeNull().Otp.Reveal().ShouldBe(longest);
    }

    [Theory]
    [InlineData("jürgen")]
    [InlineData("用户")]
    [InlineData("o'brien+tag")]
    public async Task An_address_comes_back_as_it_was(string local)
    {
        var store = await StoreAsync();
        await WriteAsync(store, Record(local, "123456"));

        (await FindAsync(store, local)).ShouldNotBeNull().Email.ShouldBe(Address(local));
        (await ScanAsync(store)).ShouldHaveSingleItem().Email.ShouldBe(Address(local));
    }

    [Fact]
    public async Task A_scan_gives_every_record_once()
    {
        var store = await StoreAsync();
        var records = Enumerable.Range(0, 2_500).Select(i => Record($"user{i}", $"{i:D6}", offset: i)).ToArray();
        await WriteAsync(store, records);

        (await ScanAsync(store)).Select(row => (row.Email, row.Otp, row.Origin!.Value, row.ProducedAt!.Value)).ShouldBe(
            records.Select(record => (record.Email, record.Otp, record.Origin, record.ProducedAt)), ignoreOrder: true);
    }

    [Fact]
    public async Task Writers_at_the_same_time_lose_nothing()
    {
        var store = await StoreAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(writer => WriteAsync(
            store, [.. Enumerable.Range(writer * 50, 50).Select(i => Record($"user{i}", $"{i:D6}", offset: i))])));

        outcomes.SelectMany(each => each).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await ScanAsync(store)).Count.ShouldBe(1_000);
    }

    [Fact]
    public async Task Two_owners_of_one_partition_write_the_same_rows()
    {
        var store = await StoreAsync();
        var batch = Enumerable.Range(0, 100).Select(i => Record($"user{i}", $"{i:D6}", offset: i)).ToArray();
        var outcomes = await Task.WhenAll(WriteAsync(store, batch), WriteAsync(store, batch));

        outcomes.SelectMany(each => each).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await ScanAsync(store)).Count.ShouldBe(100);
    }

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var store in _opened)
        {
            await CloseAsync(store);
        }

        GC.SuppressFinalize(this);
    }

    protected abstract Task<IOtpStore> OpenAsync(OnExisting onExisting);

    protected abstract Task CloseAsync(IOtpStore store);

    protected async Task<IOtpStore> StoreAsync(OnExisting onExisting = OnExisting.Skip)
    {
        var store = await OpenAsync(onExisting);
        _opened.Add(store);
        await store.EnsureSchemaAsync(Cancellation);
        return store;
    }

    protected EmailAddress Address(string local) => EmailAddress.Parse($"{local}@{_own}.example.com");

    protected StoreRecord Record(
        string local,
        string otp,
        long offset = 0,
        int partition = 0,
        string topic = "topic",
        DateTimeOffset? producedAt = null) =>
        new(Address(local), OneTimePassword.Parse(otp), new RecordOrigin(topic, partition, offset), producedAt ?? Noon);

    protected static async Task<IReadOnlyList<WriteOutcome>> WriteAsync(IOtpStore store, params StoreRecord[] batch) =>
        (await store.WriteAsync(batch, Cancellation).Eventually()).Outcomes;

    protected async Task<StoredOtp?> FindAsync(IOtpStore store, string local) =>
        (await store.FindAsync([Address(local)], Cancellation).Eventually()).GetValueOrDefault(Address(local));

    /// <summary>The test's own rows.</summary>
    protected async Task<List<StoredOtp>> ScanAsync(IOtpStore store)
    {
        var rows = new List<StoredOtp>();
        await foreach (var row in store.ScanAsync(Cancellation))
        {
            if (row.Email.Value.EndsWith($"@{_own}.example.com", StringComparison.Ordinal))
            {
                rows.Add(row);
            }
        }

        return rows;
    }
}
