using Microsoft.Extensions.Time.Testing;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Embedded;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Embedded;

public sealed class EmbeddedOneOtpAnAddressSpecs : OneOtpAnAddressContract
{
    private readonly EmbeddedStoreFixture _stores = new(StoreIdentity.Email);

    [Fact]
    public async Task Rows_tell_when_they_were_stored()
    {
        var time = new FakeTimeProvider(Noon.AddHours(1));
        await using var store = _stores.Open(time: time);
        await WriteAsync(store, Record("a", "111111"));

        (await FindAsync(store, "a")).ShouldNotBeNull().StoredAt.ShouldBe(Noon.AddHours(1));
    }

    [Fact]
    public async Task Everything_is_there_after_reopening()
    {
        await using (var store = _stores.Open())
        {
            await WriteAsync(store, Record("a", "111111"));
        }

        await using var reopened = _stores.Open();
        (await FindAsync(reopened, "a")).ShouldNotBeNull();
        (await WriteAsync(reopened, Record("a", "222222", offset: 1))).ShouldBe([WriteOutcome.Skipped]);
    }

    [Fact]
    public async Task A_store_without_a_file_reads_as_empty_and_is_not_made_by_reading()
    {
        await using var store = _stores.Open(readOnly: true);

        (await FindAsync(store, "a")).ShouldBeNull();
        (await ScanAsync(store)).ShouldBeEmpty();
        File.Exists(_stores.File).ShouldBeFalse();
    }

    [Fact]
    public async Task A_reader_sees_what_a_writer_beside_it_has_written()
    {
        await using var reader = _stores.Open(readOnly: true);
        await using var writer = _stores.Open();
        await WriteAsync(writer, Record("a", "111111"));
        (await FindAsync(reader, "a")).ShouldNotBeNull();
        await WriteAsync(writer, Record("b", "222222", offset: 1));

        (await FindAsync(reader, "b")).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_reader_does_not_write()
    {
        await using var reader = _stores.Open(readOnly: true);

        await Should.ThrowAsync<InvalidOperationException>(() => WriteAsync(reader, Record("a", "111111")));
    }

    [Fact]
    public async Task A_scan_goes_on_beside_a_writer()
    {
        await using var store = _stores.Open();
        await WriteAsync(store, [.. Enumerable.Range(0, 3_000).Select(i => Record($"u{i:D5}", "123456", offset: i))]);
        var seen = 0;
        await foreach (var row in store.ScanAsync(Cancellation))
        {
            if (seen++ % 1_000 == 0)
            {
                await WriteAsync(store, Record($"a{seen}", "123456", offset: 3_000 + seen));
            }
        }

        // The rows written meanwhile come before all others, where the scan has been already.
        seen.ShouldBe(3_000);
    }

    [Fact]
    public async Task A_damaged_file_is_named_and_is_no_outage()
    {
        await File.WriteAllTextAsync(_stores.File, new string('x', 8192), Cancellation);
        await using var store = _stores.Open();

        var failure = await Should.ThrowAsync<SqliteFailureException>(() => WriteAsync(store, Record("a", "111111")));
        failure.Message.ShouldContain($"{_stores.File} is damaged");
        await Should.ThrowAsync<SqliteFailureException>(() => FindAsync(store, "a"));
    }

    [Fact]
    public async Task A_full_disk_is_an_outage_that_takes_no_part_of_a_batch()
    {
        StoreRecord[] Batch(int number) =>
            [.. Enumerable.Range(number * 100, 100).Select(i => Record($"u{i}", new string('1', 128), offset: i))];
        var written = 0;
        await using (var store = _stores.Open(maxBytes: 256 * 1024))
        {
            var outage = await Should.ThrowAsync<StoreUnavailableException>(async () =>
            {
                for (; written < 100; written++)
                {
                    await WriteAsync(store, Batch(written));
                }
            });
            outage.Message.ShouldContain($"the disk that holds {_stores.File} is full");
            (await ScanAsync(store)).Count.ShouldBe(written * 100);
        }

        written.ShouldBeGreaterThan(0);
        await using var larger = _stores.Open();
        (await WriteAsync(larger, Batch(written))).ShouldAllBe(outcome => outcome == WriteOutcome.Inserted);
        (await ScanAsync(larger)).Count.ShouldBe(written * 100 + 100);
    }

    [Fact]
    public async Task A_missing_directory_is_an_outage_that_ends_when_it_is_there()
    {
        var directory = _stores.Directory.File("later");
        var settings = new EmbeddedStoreSettings("store", Path.Combine(directory, "store.db"), StoreIdentity.Email);
        await using var store = new EmbeddedStore(settings, TimeProvider.System);
        var outage = await Should.ThrowAsync<StoreUnavailableException>(() => WriteAsync(store, Record("a", "111111")));
        outage.Message.ShouldContain("cannot be opened");
        Directory.CreateDirectory(directory);

        (await WriteAsync(store, Record("a", "111111"))).ShouldBe([WriteOutcome.Inserted]);
    }

    [Fact]
    public async Task A_killed_process_loses_nothing_that_was_acknowledged()
    {
        var acknowledged = await KilledChild.RunAsync(
            nameof(KilledChild.Writes_until_it_is_killed), _stores.Directory.Path, acknowledgements: 20);
        var file = _stores.Directory.File(KilledChild.StoreFile);
        await using var store = new EmbeddedStore(
            new EmbeddedStoreSettings("store", file, StoreIdentity.Email), TimeProvider.System);
        var rows = new List<StoredOtp>();
        await foreach (var row in store.ScanAsync(Cancellation))
        {
            rows.Add(row);
        }

        rows.Count.ShouldBeGreaterThanOrEqualTo((int)acknowledged);
        rows.Select(row => (row.Email, row.Otp)).ShouldBe(
            Enumerable.Range(0, rows.Count).Select(KilledChild.Record).Select(record => (record.Email, record.Otp)),
            ignoreOrder: true);
        (rows.Count % KilledChild.Batch).ShouldBe(0);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _stores.Dispose();
    }

    protected override Task<IOtpStore> OpenAsync(OnExisting onExisting) =>
        Task.FromResult<IOtpStore>(_stores.Open(onExisting));

    protected override async Task CloseAsync(IOtpStore store) => await ((EmbeddedStore)store).DisposeAsync();
}
