using OtpActors.Infrastructure.Storage.Files;
using OtpActors.Infrastructure.Storage.Sqlite;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Storage.Sqlite;

/// <summary>A file that is taken away under its open database.</summary>
public sealed class SqliteFileGuardSpecs : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<(string File, string Fault)> _unsafe = [];
    private readonly SqliteDatabase _database;

    public SqliteFileGuardSpecs()
    {
        Assert.SkipUnless(FileIdentity.IsSupported, "files cannot be told apart on this system");
        Directory.CreateDirectory(_directory.File("data"));
        _database = new SqliteDatabase(new SqliteSettings(File));
        SqliteDatabase.Unsafe += Note;
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_directory.File("data"), "test.db");

    public static TheoryData<string, string> Ways => new()
    {
        { "remove", "test.db was removed or moved" },
        { "remove-log", "test.db-wal was removed or moved" },
        { "remove-index", "test.db-shm was removed or moved" },
        { "replace", "test.db was replaced by another file" },
        { "replace-log", "test.db-wal was replaced by another file" },
        { "rename", "test.db was removed or moved" },
        { "move-directory", "test.db was removed or moved" },
        { "empty", "test.db was cut short" },
        { "cut", "test.db was cut short" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_is_written_after_that_is_promised_to_nobody(string way, string says)
    {
        await WriteAsync("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)");
        await WriteAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        await WriteAsync("INSERT INTO t VALUES (2)");
        Do(way);
        (await Should.ThrowAsync<SqliteFailureException>(() => WriteAsync("INSERT INTO t VALUES (3)"))).CanPass.ShouldBeFalse();
        var (file, fault) = _unsafe.First(each => each.File == File);
        file.ShouldBe(File);
        fault.ShouldContain(says);
        await Should.ThrowAsync<SqliteFailureException>(() => WriteAsync("INSERT INTO t VALUES (4)"));
    }

    [Fact]
    public async Task Damage_is_told_as_well()
    {
        await WriteAsync("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)");
        await WriteAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        await using (var file = new FileStream(File, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Write(new byte[8192].Select(_ => (byte)0x5a).ToArray());
        }

        await using var other = new SqliteDatabase(new SqliteSettings(File) { ReadOnly = true });
        await Should.ThrowAsync<SqliteFailureException>(() => other.RunAsync(s => s.Statement("SELECT count(*) FROM t").Scalar(), Cancel));
        _unsafe.ShouldContain(each => each.File == File && each.Fault.Contains("damaged"));
    }

    public async ValueTask DisposeAsync()
    {
        SqliteDatabase.Unsafe -= Note;
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _directory.Dispose();
    }

    private void Note(string file, string fault)
    {
        if (file == File)
        {
            _unsafe.Add((file, fault));
        }
    }

    private void Do(string way)
    {
        switch (way)
        {
            case "remove":
                System.IO.File.Delete(File);
                break;
            case "remove-log":
                System.IO.File.Delete($"{File}-wal");
                break;
            case "remove-index":
                System.IO.File.Delete($"{File}-shm");
                break;
            case "replace" or "replace-log":
                var path = way == "replace" ? File : $"{File}-wal";
                System.IO.File.Copy(path, _directory.File("copy"));
                System.IO.File.Move(_directory.File("copy"), path, overwrite: true);
                break;
            case "rename":
                System.IO.File.Move(File, _directory.File("elsewhere.db"));
                break;
            case "move-directory":
                Directory.Move(_directory.File("data"), _directory.File("moved"));
                break;
            default:
                using (var file = new FileStream(File, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    file.SetLength(way == "empty" ? 0 : 4096);
                }

                break;
        }
    }

    private Task<int> WriteAsync(string sql) => _database.RunAsync(
        session =>
        {
            using var command = session.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteNonQuery();
        },
        Cancel);
}
