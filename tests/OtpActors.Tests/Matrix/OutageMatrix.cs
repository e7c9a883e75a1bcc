using OtpActors.Tests.Servers;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Servers.Postgres;

namespace OtpActors.Tests.Matrix;

/// <summary>
/// The cases of the matrix, started together when the first of them is asked for, since they mostly wait.
/// <c>OTPACTORS_OUTAGES=text;text</c> chooses those whose names contain one of the texts; <c>OTPACTORS_OUTAGE_TABLE=file</c> gets
/// a line a case.
/// </summary>
public sealed class OutageMatrix(KafkaServers kafka, CassandraServers cassandra, PostgresServers postgres) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private Dictionary<OutageCase, Task<OutageResult>>? _results;

    internal static IReadOnlyList<OutageCase> Chosen { get; } = [.. OutageCases.All.Where(each =>
        Environment.GetEnvironmentVariable("OTPACTORS_OUTAGES") is not { Length: > 0 } texts
        || texts.Split(';').Any(text => each.Name.Contains(text, StringComparison.OrdinalIgnoreCase)))];

    internal Task<OutageResult> ResultAsync(OutageCase own)
    {
        lock (_lock)
        {
            _results ??= Start();
            return _results[own];
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_results is null)
        {
            return;
        }

        var results = await Task.WhenAll(_results.Values);
        if (Environment.GetEnvironmentVariable("OTPACTORS_OUTAGE_TABLE") is { Length: > 0 } table)
        {
            await File.WriteAllLinesAsync(table, [
                "| part | phase | mode | result | outage s | held s | attempts | waits for |", "|---|---|---|---|--:|--:|--:|---|",
                .. results.Select(result => result.Line)]);
        }
    }

    private Dictionary<OutageCase, Task<OutageResult>> Start()
    {
        var turns = new OutageTurns(Environment.ProcessorCount);
        var possible = Chosen.Where(each => WhyNot(each) is null).ToList();
        var parts = new OutageParts(kafka, cassandra, postgres, OutageScale.Chosen, possible);
        return Chosen.ToDictionary(each => each, each => WhyNot(each) is { } why
            ? Task.FromResult(new OutageResult(each, null, default, null, null, 0, null, why))
            : Task.Run(() => new OutageRun(each, parts, OutageScale.Chosen, turns).RunAsync()));
    }

    private static string? WhyNot(OutageCase each) => each.Mode == Outage.Down && OutageCases.NeedsDisk(each.Part) ? FullDisk.WhyMissing() : null;
}
