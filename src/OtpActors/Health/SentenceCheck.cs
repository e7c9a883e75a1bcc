using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OtpActors.Health;

/// <summary>Whatever a check comes to is a sentence: it neither hangs nor throws.</summary>
internal sealed class SentenceCheck(IHealthCheck check, TimeSpan patience) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(patience);
        try
        {
            return await check.CheckHealthAsync(context, bound.Token).WaitAsync(patience, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy($"no answer within {patience.TotalSeconds:0} s");
        }
        catch (Exception e)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
