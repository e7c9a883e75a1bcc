using Microsoft.Data.Sqlite;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Storage.Sqlite;

public sealed class SqliteDatabaseSpecs : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteDatabase _database;

    public SqliteDatabaseSpecs() => _database = Open();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string DatabaseFile => _directory.File("test.db");

    [Fact]
    public async Task Work_runs_in_order_on_one_thread()
    {
        var order = new List<int>();
        var threads = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => _database.RunAsync(
            _ =>
            {
                order.Add(i);
                return Environment.CurrentManagedThreadId;
            },
            Cancellation)));

        order.ShouldBe(Enumerable.Range(0, 100));
        threads.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Closing_finishes_what_is_queued_and_refuses_the_rest()
    {
        var queued = Enumerable.Range(0, 20).Select(i => InsertAsync(i)).ToList();
        await _database.DisposeAsync();

        await Task.WhenAll(queued).Eventually();
        await Should.ThrowAsync<ObjectDisposedException>(() => CountAsync());
        File.Exists(DatabaseFile + "-wal").ShouldBeFalse();
    }

    [Fact]
    public async Task A_reader_finds_what_stood_before_a_transaction_that_a_kill_cut_short()
    {
        await _database.DisposeAsync();
        var (file, killed) = (_directory.File("new.db"), _directory.File("killed.db"));
        await using (var writer = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await writer.OpenAsync(Cancellation);
            Execute(writer, "PRAGMA journal_mode=DELETE; PRAGMA cache_size=5; CREATE TABLE numbers (n INTEGER, text TEXT); INSERT INTO numbers VALUES (1, '')");
            Execute(writer, "BEGIN IMMEDIATE");
            for (var n = 0; n < 200; n++)
            {
                Execute(writer, "INSERT INTO numbers VALUES (2, hex(randomblob(2000)))"); // more than the cache: the file has some of it
            }

            // As a kill at this moment would leave it.
            File.Copy(file, killed);
            File.Copy(file + "-journal", killed + "-journal");
        }

        await using var reader = new SqliteDatabase(new SqliteSettings(killed) { ReadOnly = true });
        (await reader.RunAsync(session => session.Statement("SELECT count(*) FROM numbers").Scalar(), Cancellation)).ShouldBe(1);
        File.Exists(killed + "-journal").ShouldBeFalse();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task A_new_file_and_those_beside_it_are_for_their_user_alone()
    {
        await InsertAsync(1);

        foreach (var file in Directory.EnumerateFiles(_directory.Path))
        {
            if (!OperatingSystem.IsWindows())
            {
                File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
            }
        }
    }

    [Fact]
    public async Task Cancelled_work_leaves_the_queue()
    {
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var first = _database.RunAsync(_ => gate.Wait(TimeSpan.FromMinutes(1), Cancellation), Cancellation);
        var ran = false;
        var second = _database.RunAsync(_ => ran = true, cancel.Token);
        await cancel.CancelAsync();
        gate.Set();

        await first.Eventually();
        await Should.ThrowAsync<OperationCanceledException>(() => second.Eventually());
        ran.ShouldBeFalse();
    }

    [Fact]
    public async Task A_transaction_that_throws_leaves_nothing_and_the_next_one_works()
    {
        await InsertAsync(1);
        await Should.ThrowAsync<FormatException>(() => _database.RunAsync(
            session => session.Write<int>(s =>
            {
                s.Statement("INSERT INTO numbers VALUES (2)").Execute();
                s.Statement("SELECT number FROM numbers").Step().ShouldBeTrue();
                throw new FormatException();
            }),
            Cancellation));

        (await CountAsync()).ShouldBe(1);
        await InsertAsync(3);
        (await CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_full_disk_is_named_and_passes_once_there_is_space()
    {
        await InsertAsync(1);
        await _database.RunAsync(session => session.Statement("PRAGMA max_page_count = 3").Scalar(), Cancellation);
        var failure = await Should.ThrowAsync<SqliteFailureException>(() => BlobAsync(100_000));
        failure.Message.ShouldContain($"the disk that holds {DatabaseFile} is full");
        failure.CanPass.ShouldBeTrue();
        (await CountAsync()).ShouldBe(1);
        await _database.RunAsync(session => session.Statement("PRAGMA max_page_count = 1000").Scalar(), Cancellation);

        await BlobAsync(100_000);
        (await CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_busy_file_is_named()
    {
        await using var other = Open(busy: TimeSpan.Zero);
        await other.RunAsync(session => session.Statement("SELECT 1").Scalar(), Cancellation);
        var failure = await _database.RunAsync(
            session => session.Write(_ => Should.Throw<SqliteFailureException>(
                () => other.RunAsync(s => s.Write(_ => 0), Cancellation).GetAwaiter().GetResult())),
            Cancellation);

        failure.Message.ShouldContain($"{DatabaseFile} is in use");
        failure.CanPass.ShouldBeTrue();
    }

    [Fact]
    public async Task A_file_damaged_in_the_middle_is_named()
    {
        await BlobAsync(100_000);
        await _database.DisposeAsync();
        await using (var file = new FileStream(DatabaseFile, FileMode.Open))
        {
            file.Position = 4096;
            await file.WriteAsync(Enumerable.Repeat((byte)0xEE, 8192).ToArray(), Cancellation);
        }

        await using var damaged = new SqliteDatabase(new SqliteSettings(DatabaseFile));
        var failure = await Should.ThrowAsync<SqliteFailureException>(() => damaged.RunAsync(
            session => session.Statement("SELECT count(*) FROM numbers").Scalar(), Cancellation));
        failure.Message.ShouldContain($"{DatabaseFile} is damaged");
        failure.CanPass.ShouldBeFalse();
    }

    [Fact]
    public async Task The_write_ahead_log_stays_bounded_beside_readers_that_never_rest()
    {
        await InsertAsync(1);
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 3).Select(_ => ReadUntilAsync(done.Token)).ToList();
        var longest = 0L;
        for (var i = 0; i < 100; i++)
        {
            await BlobAsync(1 << 20);
            longest = Math.Max(longest, new FileInfo(DatabaseFile + "-wal").Length);
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
        longest.ShouldBeLessThan(70L << 20);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        _directory.Dispose();
    }

    private async Task ReadUntilAsync(CancellationToken done)
    {
        await using var reader = new SqliteDatabase(new SqliteSettings(DatabaseFile) { ReadOnly = true });
        while (!done.IsCancellationRequested)
        {
            await reader.RunAsync(
                session => session.Statement("SELECT sum(length(hex(number))) FROM numbers").Scalar(), Cancellation);
        }
    }

    private SqliteDatabase Open(TimeSpan? busy = null) => new(new SqliteSettings(DatabaseFile)
    {
        OnOpen = session =>
        {
            session.Statement("CREATE TABLE IF NOT EXISTS numbers (number)").Execute();
            if (busy is { } wait)
            {
                session.Statement($"PRAGMA busy_timeout = {wait.TotalMilliseconds:F0}").Scalar();
            }
        },
    });

    private Task<int> InsertAsync(int number) => _database.RunAsync(
        session => session.Statement("INSERT INTO numbers VALUES (?1)").Bind(1, number).Execute(), Cancellation);

    private Task<int> BlobAsync(int size) => _database.RunAsync(
        session => session.Write(s => s.Statement("INSERT INTO numbers VALUES (zeroblob(?1))").Bind(1, size).Execute()),
        Cancellation);

    private Task<long?> CountAsync() => _database.RunAsync(
        session => session.Statement("SELECT count(*) FROM numbers").Scalar(), Cancellation);
}
