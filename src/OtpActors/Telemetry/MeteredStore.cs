using System.Diagnostics;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Telemetry;

/// <summary>A store whose calls are timed.</summary>
internal sealed class MeteredStore(IOtpStore store, ServiceMetrics metrics) : IOtpStore
{
    public string Name => store.Name;

    public Task EnsureSchemaAsync(CancellationToken cancellationToken) => store.EnsureSchemaAsync(cancellationToken);

    public Task<WriteResult> WriteAsync(IReadOnlyList<StoreRecord> batch, CancellationToken cancellationToken) =>
        MeasureAsync("write", store.WriteAsync(batch, cancellationToken));

    public Task<IReadOnlyDictionary<EmailAddress, StoredOtp>> FindAsync(
        IReadOnlyCollection<EmailAddress> emails, CancellationToken cancellationToken) =>
        MeasureAsync("find", store.FindAsync(emails, cancellationToken));

    public IAsyncEnumerable<StoredOtp> ScanAsync(CancellationToken cancellationToken) => store.ScanAsync(cancellationToken);

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<T> MeasureAsync<T>(string operation, Task<T> call)
    {
        var began = Stopwatch.GetTimestamp();
        var outcome = "error";
        try
        {
            var result = await call.ConfigureAwait(false);
            outcome = "ok";
            return result;
        }
        catch (StoreUnavailableException)
        {
            outcome = "unavailable";
            throw;
        }
        finally
        {
            metrics.StoreDuration.Record(
                Stopwatch.GetElapsedTime(began).TotalSeconds, new("store", Name), new("operation", operation), new("outcome", outcome));
            if (outcome != "ok")
            {
                metrics.StoreFailures.Add(1, new("store", Name), new("outcome", outcome));
            }
        }
    }
}
