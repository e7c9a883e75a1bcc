using Npgsql;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Journal;
using OtpActors.Tests.Servers.Postgres;
using Shouldly;

namespace OtpActors.Tests.Infrastructure.Journal;

public sealed class PostgresRunCatalogSpecs(PostgresServers servers) : RunCatalogContract
{
    private PostgresDatabase? _database;
    private NpgsqlDataSource? _source;

    protected override async Task<IRunCatalog> OpenAsync()
    {
        _database = await servers.DatabaseAsync();
        _source = JournalHosting.Source(_database.Options);
        var catalog = new PostgresRunCatalog(_source);
        (await catalog.ListAsync(new RunFilter(1), Cancel)).ShouldBeEmpty("a reader does not make the table");
        await catalog.CreateAsync(Cancel);
        await catalog.CreateAsync(Cancel);
        return catalog;
    }

    protected override Task<IReadOnlyList<RunSummary>> ReadBesideAsync(RunFilter filter) => JournalHosting.ListRunsAsync(
        new OtpActorsOptions { Data = "/nowhere", Journal = _database!.Options }, filter, Cancel);

    public override async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
