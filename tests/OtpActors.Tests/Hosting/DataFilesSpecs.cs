using System.Security.Cryptography;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Storage.Sqlite;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Hosting;

public sealed class DataFilesSpecs : IAsyncLifetime
{
    private const int Rows = 2_000;
    private const int PageSize = 4_096;

    private readonly TempDirectory _directory = new();

    private string Journal => _directory.File("journal.db");

    /// <summary>A file of some hundred pages.</summary>
    public async ValueTask InitializeAsync()
    {
        await using var database = new SqliteDatabase(new SqliteSettings(Journal));
        await database.RunAsync(session => session.Write(own =>
        {
            own.Statement("CREATE TABLE journal (ordering INTEGER PRIMARY KEY, message BLOB NOT NULL)").Execute();
            var insert = own.Statement("INSERT INTO journal (message) VALUES (?)");
            return Enumerable.Range(0, Rows).Sum(_ => insert.BindBlob(1, RandomNumberGenerator.GetBytes(500)).Execute());
        }));
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public async Task A_sound_journal_is_let_through(long readWhole) => await DataFiles.CheckJournalAsync(Journal, readWhole);

    [Theory]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public async Task A_journal_that_is_cut_short_is_refused_at_any_size(long readWhole)
    {
        await using (var file = File.OpenWrite(Journal))
        {
            file.SetLength(file.Length / 2 / PageSize * PageSize);
        }

        (await RefusedAsync(readWhole)).ShouldContain("damaged");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public async Task A_journal_whose_end_is_garbage_is_refused_at_any_size(long readWhole)
    {
        await OverwriteAsync(new FileInfo(Journal).Length - (20 * PageSize), 20 * PageSize);
        (await RefusedAsync(readWhole)).ShouldContain("damaged");
    }

    [Fact]
    public async Task Damage_in_the_midst_is_found_where_the_journal_is_read_as_a_whole()
    {
        await OverwriteAsync(new FileInfo(Journal).Length / 2 / PageSize * PageSize, PageSize);
        (await RefusedAsync(long.MaxValue)).ShouldContain("damaged");
    }

    private async Task<string> RefusedAsync(long readWhole) =>
        (await Should.ThrowAsync<SqliteFailureException>(() => DataFiles.CheckJournalAsync(Journal, readWhole))).Message;

    private async Task OverwriteAsync(long from, int length)
    {
        await using var file = File.OpenWrite(Journal);
        file.Position = from;
        await file.WriteAsync(RandomNumberGenerator.GetBytes(length), TestContext.Current.CancellationToken);
    }
}
