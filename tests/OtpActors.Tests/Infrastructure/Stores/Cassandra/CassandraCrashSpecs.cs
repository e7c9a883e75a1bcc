using System.Text.Json.Nodes;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;
using OtpActors.Infrastructure.Stores.Cassandra;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Stores.Cassandra;

/// <summary>A lone node that is killed amid writes, set up as the compose file sets it.</summary>
public sealed class CassandraCrashSpecs(CassandraServers servers)
{
    private const int Kills = 3;
    private const int Batch = 200;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_that_was_acknowledged_is_lost_where_the_commit_log_is_synced_with_each_write()
    {
        await using var node = await servers.OwnAsync(settings => settings with
        {
            Settings = new Dictionary<string, JsonNode?>
            {
                ["commitlog_sync"] = "batch",
                ["commitlog_sync_batch_window_in_ms"] = 2, // this old version asks for it
                ["commitlog_sync_period_in_ms"] = null,
            },
        });
        await node.StartAsync();
        await using var store = new CassandraStore(
            "cassandra", new CassandraOptions { ContactPoints = node.ContactPoint, QueryTimeout = TimeSpan.FromSeconds(30) },
            OnExisting.Skip, TimeProvider.System);
        await store.EnsureSchemaAsync(Cancellation);
        var acknowledged = 0;
        for (var kill = 1; kill <= Kills; kill++)
        {
            var enough = new TaskCompletionSource();
            var from = acknowledged;
            var writes = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        await store.WriteAsync([.. Enumerable.Range(acknowledged, Batch).Select(Record)], Cancellation);
                        acknowledged += Batch;
                        if (acknowledged >= from + (10 * Batch))
                        {
                            enough.TrySetResult();
                        }
                    }
                }
                catch (StoreUnavailableException)
                {
                    // killed
                }
            }, Cancellation);
            await Task.WhenAny(enough.Task, writes);
            writes.IsCompleted.ShouldBeFalse();
            await node.KillAsync();
            await writes.Eventually();
            await node.StartAsync();
            await UntilAsync(store, acknowledged);
        }
    }

    /// <summary>The node is back some time before the driver has found it.</summary>
    private static async Task UntilAsync(CassandraStore store, int acknowledged)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(TimeSpan.FromMinutes(3)); // far beyond what it takes
        while (true)
        {
            try
            {
                var found = 0;
                foreach (var some in Enumerable.Range(0, acknowledged).Select(number => Record(number).Email).Chunk(1_000))
                {
                    found += (await store.FindAsync(some, Cancellation)).Count;
                }

                found.ShouldBe(acknowledged);
                return;
            }
            catch (StoreUnavailableException)
            {
                bound.Token.ThrowIfCancellationRequested();
                await Task.Delay(50, Cancellation);
            }
        }
    }

    private static StoreRecord Record(int number) => new(
        EmailAddress.Parse($"user{number}@example.com"), OneTimePassword.Parse($"{number:D6}"),
        new RecordOrigin("topic", 0, number), DateTimeOffset.UnixEpoch);
}
