using System.Reflection;
using Akka.Hosting;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;
using OtpActors.Infrastructure.Stores.Embedded;
using OtpActors.Infrastructure.Topics.Embedded;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Storage.Sqlite;

/// <summary>
/// What is acknowledged survives a power cut, which no test can make: each file is written with
/// <c>synchronous=FULL</c> in WAL mode. The setting belongs to a connection, so each part's own one is asked.
/// </summary>
public sealed class DurabilitySpecs : IDisposable
{
    private const long Full = 2;

    private readonly TempDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Parts => ["topic", "store", "ledger", "schedules", "runs", "journal"];

    [Theory, MemberData(nameof(Parts))]
    public async Task Each_file_is_flushed_to_the_disk_at_each_commit(string part)
    {
        var file = _directory.File($"{part}.db");
        await using var owner = Open(part, file);
        var writers = WritersOf(owner);
        writers.ShouldNotBeEmpty();
        foreach (var writer in writers)
        {
            (await AskAsync(writer, "synchronous")).ShouldBe($"{Full}");
            (await AskAsync(writer, "journal_mode")).ShouldBe("wal");
        }
    }

    /// <summary>Akka.Persistence.Sql has connections of its own to the journal.</summary>
    [Fact]
    public async Task The_plugin_of_the_journal_flushes_each_commit_too()
    {
        using var data = DataDirectory.Open(_directory.File("data"));
        await using var journal = new SqliteRunJournal(data.JournalFile);
        await AskAsync(WritersOf(journal).ShouldHaveSingleItem(), "journal_mode");
        var services = new ServiceCollection().AddAkka("journal", akka => akka
            .AddHocon("akka.stdout-loglevel = OFF, akka.loglevel = OFF", HoconAddMode.Prepend)
            .AddJournal(new JournalOptions(), data));
        await using var provider = services.BuildServiceProvider();
        using var system = provider.GetRequiredService<Akka.Actor.ActorSystem>();
        foreach (var plugin in new[] { "akka.persistence.journal.sql", "akka.persistence.snapshot-store.sql" })
        {
            await using var connection = new SqliteConnection(system.Settings.Config.GetString($"{plugin}.connection-string"));
            await connection.OpenAsync(Cancel);
            (await AskAsync(connection, "synchronous")).ShouldBe($"{Full}");
            (await AskAsync(connection, "journal_mode")).ShouldBe("wal");
        }
    }

    public void Dispose() => _directory.Dispose();

    private static IAsyncDisposable Open(string part, string file) => part switch
    {
        "topic" => new EmbeddedTopic(file),
        "store" => new EmbeddedStore(new EmbeddedStoreSettings("mongo", file, StoreIdentity.EmailAndOtp), TimeProvider.System),
        "ledger" => new NotificationLedger(file, TimeProvider.System),
        "schedules" => new SqliteScheduleStore(file),
        "runs" => new SqliteRunCatalog(file),
        _ => new SqliteRunJournal(file),
    };

    /// <summary>The databases that a part writes to: it shows them to nobody, and calls those for reading alone readers.</summary>
    private static List<SqliteDatabase> WritersOf(object owner) =>
    [
        .. owner.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(field => field.Name != "_reader").Select(field => field.GetValue(owner)).OfType<SqliteDatabase>(),
    ];

    private static Task<string> AskAsync(SqliteDatabase database, string pragma) => database.RunAsync(
        session =>
        {
            var statement = session.Statement($"PRAGMA {pragma}");
            statement.Step().ShouldBeTrue();
            var value = statement.Text(0);
            statement.Reset();
            return value;
        },
        Cancel);

    private static async Task<string?> AskAsync(SqliteConnection connection, string pragma)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA {pragma}";
        return (await command.ExecuteScalarAsync(Cancel))?.ToString();
    }
}
