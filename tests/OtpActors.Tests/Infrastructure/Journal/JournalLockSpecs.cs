using Npgsql;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Servers.Postgres;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Journal;

public sealed class JournalLockSpecs(PostgresServers servers)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_journal_has_one_holder_at_a_time_which_a_second_one_is_told()
    {
        await using var database = await servers.DatabaseAsync();
        await using (await TakeAsync(database.Options))
        {
            (await Should.ThrowAsync<JournalException>(() => TakeAsync(database.Options))).Message
                .ShouldStartWith($"the journal is in use by {PostgresSettings.Name}");
        }

        await using var free = await TakeAsync(database.Options);
        free.Lost.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Two_schemas_of_a_database_and_two_databases_are_two_journals()
    {
        await using var database = await servers.DatabaseAsync();
        await using var other = await servers.DatabaseAsync();
        await database.ScalarAsync("CREATE SCHEMA a; CREATE SCHEMA b");
        await using var first = await TakeAsync(InSchema(database, "a"));
        await using var second = await TakeAsync(InSchema(database, "b"));
        await using var third = await TakeAsync(other.Options);
        await Should.ThrowAsync<JournalException>(() => TakeAsync(InSchema(database, "b")));
        (await Should.ThrowAsync<JournalException>(() => TakeAsync(InSchema(database, "absent")))).Message.ShouldContain("no schema");
    }

    [Fact]
    public async Task A_holder_whose_connection_is_lost_takes_the_journal_again()
    {
        await using var database = await servers.DatabaseAsync();
        await using var held = await TakeAsync(database.Options);
        var before = await HolderAsync(database);
        await database.ScalarAsync($"SELECT pg_terminate_backend({before})");
        while (await HolderAsync(database) is not int now || now.Equals(before))
        {
            await Task.Delay(20, Cancel);
        }

        held.Lost.IsCancellationRequested.ShouldBeFalse();
        await Should.ThrowAsync<JournalException>(() => TakeAsync(database.Options));
    }

    [Fact]
    public async Task A_holder_that_loses_the_journal_to_another_is_told_who_has_it()
    {
        await using var database = await servers.DatabaseAsync();
        await using var held = await TakeAsync(database.Options);
        await using var other = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false, ApplicationName = "another one" }.ConnectionString);
        await other.OpenAsync(Cancel);

        // The other one waits for it, and so is the first to have it.
        await using var wait = new NpgsqlCommand("SELECT pg_advisory_lock(hashtextextended('otpactors.journal.' || current_schema(), 0))", other);
        var taken = wait.ExecuteNonQueryAsync(Cancel);
        while (await database.ScalarAsync("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") is not 1L)
        {
            await Task.Delay(20, Cancel);
        }

        await database.ScalarAsync($"SELECT pg_terminate_backend({await HolderAsync(database)})");
        await taken.Eventually();
        var lost = new TaskCompletionSource();
        await using (held.Lost.Register(lost.SetResult))
        {
            await lost.Task.Eventually();
        }

        held.Holder.ShouldNotBeNull().ShouldStartWith("another one");
    }

    private static async Task<object?> HolderAsync(PostgresDatabase database) => await database.ScalarAsync("""
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """);

    private static JournalOptions InSchema(PostgresDatabase database, string schema)
    {
        var options = database.Options;
        options.Schema = schema;
        return options;
    }

    private static Task<JournalLock> TakeAsync(JournalOptions options) =>
        JournalLock.TakeAsync(PostgresSettings.From(options), TimeProvider.System, Cancel);
}
