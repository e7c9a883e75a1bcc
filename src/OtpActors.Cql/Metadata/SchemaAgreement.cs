using OtpActors.Cql.Connections;

namespace OtpActors.Cql.Metadata;

/// <summary>
/// Waits until a change of the schema has reached the nodes of the local data centre that are up. The node that made the
/// change is asked: it has the new version already and hears of the others' by gossip, while any other node may yet see
/// all of them agree on the version before.
/// </summary>
internal sealed class SchemaAgreement(Cluster cluster)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether they agreed within the longest wait; then keyspaces and nodes are read anew, too.</summary>
    /// <param name="coordinator">Of the change. Where it is lost, the control connection serves.</param>
    public async Task<bool> WaitAsync(Connection coordinator)
    {
        var time = cluster.Options.TimeProvider;
        var start = time.GetTimestamp();
        var isAgreed = false;
        while (!(isAgreed = await TryAsync(coordinator).ConfigureAwait(false))
            && time.GetElapsedTime(start) < cluster.Options.MaxSchemaAgreementWait && !cluster.IsDisposed)
        {
            await Task.Delay(Interval, time).ConfigureAwait(false);
        }

        try
        {
            await cluster.Control.RefreshAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is DriverException or OperationCanceledException)
        {
            // The control connection is being made anew, which reads everything.
        }

        if (!isAgreed)
        {
            CqlMetrics.SchemaDisagreements.Add(1);
        }

        return isAgreed;
    }

    /// <summary>Whether every node that is up has the schema version of the one that is asked; one whose version is not known has not.</summary>
    public async Task<bool> IsAgreedAsync(SystemTables tables)
    {
        var (self, version, peers) = await tables.SchemaVersionsAsync().ConfigureAwait(false);
        var topology = cluster.Topology;
        var known = topology.All.Select(host => host.HostId).ToHashSet();
        return version is not null
            && topology.Local.All(host => !host.IsUp || host.HostId == self || peers.GetValueOrDefault(host.HostId) == version)
            && peers.All(peer => known.Contains(peer.Key) || peer.Value is null || peer.Value == version);
    }

    private async Task<bool> TryAsync(Connection coordinator)
    {
        try
        {
            return await IsAgreedAsync(
                coordinator.IsOpen ? new SystemTables(coordinator, cluster.Options.QueryTimeout) : cluster.Control.Tables).ConfigureAwait(false);
        }
        catch (DriverException)
        {
            return false;
        }
    }
}
