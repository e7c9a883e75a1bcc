using System.Data;
using Akka.Hosting;
using Akka.Persistence.Sql.Hosting;
using Microsoft.Data.Sqlite;
using Npgsql;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Runs.Messages;
using OtpActors.Infrastructure.Journal;
using OtpActors.Infrastructure.Storage;
using OtpActors.Infrastructure.Storage.Sqlite;

namespace OtpActors.Hosting;

/// <summary>The journal of runs and the list beside it, where the settings say.</summary>
public static class JournalHosting
{
    /// <summary>The list of runs, and what is beneath the journal's tables.</summary>
    public static IServiceCollection AddRunCatalog(this IServiceCollection services, JournalOptions options, DataDirectory data)
    {
        services.AddSingleton<JournalStatus>();
        if (options.Provider == JournalProvider.PostgreSQL)
        {
            services.AddSingleton(_ => Source(options));
            services.AddSingleton<IRunCatalog>(sp => new PostgresRunCatalog(sp.GetRequiredService<NpgsqlDataSource>()));
            services.AddSingleton<IRunJournal>(sp => new PostgresRunJournal(sp.GetRequiredService<NpgsqlDataSource>()));
        }
        else
        {
            services.AddSingleton<IRunCatalog>(_ => new SqliteRunCatalog(data.RunsFile));
            services.AddSingleton<IRunJournal>(_ => new SqliteRunJournal(data.JournalFile));
        }

        return services;
    }

    /// <summary>The journal of runs, in the forms of <see cref="RunEventSerializer"/> and <see cref="RunSnapshotSerializer"/>.</summary>
    public static AkkaConfigurationBuilder AddJournal(this AkkaConfigurationBuilder builder, JournalOptions options, DataDirectory data)
    {
        var (provider, connection) = options.Provider == JournalProvider.PostgreSQL
            ? ("PostgreSQL.15", PostgresSettings.From(options).ConnectionString)
            : ("SQLite.MS", new SqliteConnectionStringBuilder { DataSource = data.JournalFile }.ToString());
        // SQLite: reads begin as the writer does, with its lock, and sleep where that is taken. In WAL mode each sees a snapshot.
        IsolationLevel? isolation = options.Provider == JournalProvider.Embedded ? IsolationLevel.ReadUncommitted : null;
        return builder
            .WithSqlPersistence(
                new SqlJournalOptions { ConnectionString = connection, ProviderName = provider, ReadIsolationLevel = isolation },
                new SqlSnapshotOptions { ConnectionString = connection, ProviderName = provider, ReadIsolationLevel = isolation })
            .WithCustomSerializer("run-events", [typeof(IRunEvent)], system => new RunEventSerializer(system))
            .WithCustomSerializer("run-snapshots", [typeof(RunSnapshot)], system => new RunSnapshotSerializer(system));
    }

    /// <summary>
    /// The runs that the list has, read beside a service or without one.
    /// </summary>
    public static async Task<IReadOnlyList<RunSummary>> ListRunsAsync(
        OtpActorsOptions options, RunFilter filter, CancellationToken cancellationToken)
    {
        if (options.Journal.Provider == JournalProvider.PostgreSQL)
        {
            await using var source = Source(options.Journal);
            return await new PostgresRunCatalog(source).ListAsync(filter, cancellationToken);
        }

        using var data = DataDirectory.OpenReadOnly(options.Data);
        if (!File.Exists(data.RunsFile))
        {
            return [];
        }

        await using var catalog = new SqliteRunCatalog(data.RunsFile, readOnly: true);
        return await catalog.ListAsync(filter, cancellationToken);
    }

    /// <summary>Where the journal lies, for people.</summary>
    public static string PlaceOf(OtpActorsOptions options)
    {
        if (options.Journal.Provider == JournalProvider.Embedded)
        {
            return Path.GetFullPath(options.Data);
        }

        var settings = PostgresSettings.From(options.Journal);
        return $"database {settings.Database ?? settings.Username} at {settings.Host}:{settings.Port}";
    }

    internal static NpgsqlDataSource Source(JournalOptions options) => NpgsqlDataSource.Create(PostgresSettings.From(options));
}

/// <summary>
/// The journal's files or its server, looked at before anything relies on them, and this process's right to write there.
/// </summary>
public sealed class JournalAccess : IAsyncDisposable
{
    private readonly JournalLock? _lock;

    private JournalAccess(JournalLock? held) => _lock = held;

    /// <summary>Fires when another process has taken the journal over: runs must stop here.</summary>
    public CancellationToken Lost => _lock?.Lost ?? CancellationToken.None;

    /// <summary>Why the runs stop; null while the journal is not lost.</summary>
    public string? WhyLost => Lost.IsCancellationRequested
        ? $"the connection to the journal was lost and {_lock!.Holder} has the journal now: runs stop here"
        : null;

    /// <exception cref="SqliteFailureException">A file is damaged or cannot be written.</exception>
    /// <exception cref="JournalException">The server cannot be used, or another process has the journal.</exception>
    public static async Task<JournalAccess> OpenAsync(OtpActorsOptions options, DataDirectory data, CancellationToken cancellationToken)
    {
        await DataFiles.CheckAsync(data, options.Journal);
        if (options.Journal.Provider == JournalProvider.Embedded)
        {
            return new JournalAccess(null); // the data directory's lock covers it
        }

        var settings = PostgresSettings.From(options.Journal);
        JournalLock? held = null;
        try
        {
            await using var source = NpgsqlDataSource.Create(settings);
            if (options.Journal.Schema is { } schema)
            {
                await CreateSchemaAsync(source, schema, cancellationToken);
            }

            held = await JournalLock.TakeAsync(settings, TimeProvider.System, cancellationToken);
            await new PostgresRunCatalog(source).CreateAsync(cancellationToken);
            return new JournalAccess(held);
        }
        catch (Exception e)
        {
            if (held is not null)
            {
                await held.DisposeAsync();
            }

            if (e is NpgsqlException failure)
            {
                throw PostgresFailure.Explain(failure, settings);
            }

            throw;
        }
    }

    /// <summary>Looks first: to make it if it is absent takes a right that the user need not have where it is there.</summary>
    private static async Task CreateSchemaAsync(NpgsqlDataSource source, string schema, CancellationToken cancellationToken)
    {
        await using var look = source.CreateCommand("SELECT 1 FROM pg_namespace WHERE nspname = $1");
        look.Parameters.Add(new() { Value = schema });
        if (await look.ExecuteScalarAsync(cancellationToken) is null)
        {
            await using var create = source.CreateCommand($"CREATE SCHEMA IF NOT EXISTS {schema}");
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => _lock?.DisposeAsync() ?? ValueTask.CompletedTask;
}
