using Microsoft.Extensions.DependencyInjection;
using OtpActors.Domain.Records;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>A store that loses what it has acknowledged: how the run ends, and how it is mended.</summary>
public sealed class IncompleteRunSpecs
{
    [Fact]
    public async Task A_retry_of_the_sink_writes_again_what_is_lost_counts_nothing_twice_and_mails_those_that_came_back()
    {
        var lossy = new LossyStore();
        await using var service = await ApiService.StartAsync(replace: lossy.Replace);
        var id = await service.StartRunAsync("""{"count":40,"notify":"all"}""");
        var run = await service.UntilAsync(id, each => each.IsOver);
        (run.State, run["report"].GetProperty("reason").GetString()).ShouldBe(("incomplete", $"cassandra lacks {lossy.Lost} of 40 addresses"));
        lossy.Lost.ShouldBeInRange(1, 39);
        (await service.GetAsync("/api/runs?state=incomplete"))["items"].GetArrayLength().ShouldBe(1);
        var before = service.Data.Mails().Count;
        before.ShouldBe(80 - lossy.Lost);

        lossy.Loses = false;
        (await service.PostAsync($"/api/runs/{id}/steps/cassandra-sink/retry", null)).ShouldBe(200);
        var mended = await service.UntilAsync(id, each => each.IsOver);

        mended.State.ShouldBe("completed", mended.Text);
        (await service.Data.StoreAsync("cassandra")).Order().ShouldBe(service.Data.Topic().Order());
        var stores = mended["report"].GetProperty("stores").EnumerateArray().ToList();
        stores.ShouldAllBe(store => store.GetProperty("read").GetInt64() == 40 && store.GetProperty("inserted").GetInt64() == 40
            && store.GetProperty("missing").GetInt64() == 0);
        mended["report"].GetProperty("notifications").GetProperty("mail").GetProperty("sent").GetInt64().ShouldBe(80);
        service.Data.Mails().Count.ShouldBe(80, "each address once for each store");
    }

    /// <summary>Acknowledges every third record of Cassandra's and forgets it, as a node that is killed before a sync does.</summary>
    private sealed class LossyStore : IOtpStore
    {
        private IOtpStore _store = null!;

        public bool Loses { get; set; } = true;

        public int Lost { get; private set; }

        public string Name => _store.Name;

        public void Replace(IServiceCollection services)
        {
            var real = services.First(each => each.ServiceType == typeof(IOtpStore));
            services.Remove(real);
            services.Insert(0, ServiceDescriptor.Singleton<IOtpStore>(provider =>
            {
                _store = (IOtpStore)real.ImplementationFactory!(provider);
                return _store.Name == StoreNames.Cassandra ? this : throw new InvalidOperationException("Cassandra's store comes first");
            }));
        }

        public Task EnsureSchemaAsync(CancellationToken cancellationToken) => _store.EnsureSchemaAsync(cancellationToken);

        public async Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken)
        {
            var kept = Loses ? batch.Where(record => record.Origin.Offset % 3 != 0).ToList() : batch;
            await _store.WriteAsync(kept, cancellationToken);
            Lost += Loses ? batch.Count - kept.Count : 0;
            return new WriteResult([.. batch.Select(_ => WriteOutcome.Inserted)]);
        }

        public Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
            IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken) => _store.FindAsync(emails, cancellationToken);

        public IAsyncEnumerable<StoredOtp> ScanAsync(CancellationToken cancellationToken) => _store.ScanAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
