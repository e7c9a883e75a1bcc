using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OtpActors.Api;
using OtpActors.Hosting;
using OtpActors.Stores;
using OtpActors.Triggers;
using OtpActors.Workflow;

namespace OtpActors.Health;

/// <summary>
/// <c>/healthz/live</c>: the process answers, whatever its servers do. <c>/healthz/ready</c>: topic, stores and journal answer
/// and the sinks get on; 503 if not. Details are for callers who may read.
/// </summary>
internal static class HealthHosting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static void AddHealth(this IServiceCollection services)
    {
        var checks = services.AddHealthChecks();
        checks.Add(new HealthCheckRegistration("topic", Make<TopicCheck>, null, null, Patience));
        foreach (var store in StepId.Stores)
        {
            StoreCheck? check = null;
            checks.Add(new HealthCheckRegistration(
                store, sp => check ??= new StoreCheck(sp.GetServices<IOtpStore>().Single(s => s.Name == store)), null, null, Patience));
        }

        checks.Add(new HealthCheckRegistration("journal", Make<JournalCheck>, null, null, Patience));
        checks.Add(new HealthCheckRegistration("runs", Make<HeldStepsCheck>, null, null, Patience));
        checks.Add(new HealthCheckRegistration("sinks", Make<SinksCheck>, null, null, Patience));
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz/live", () => TypedResults.Ok(new { status = "live" })).AllowAnonymous().ExcludeFromDescription();
        app.MapHealthChecks("/healthz/ready", new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
    }

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var told = context.User.Has(ApiScope.Read);
        return context.Response.WriteAsJsonAsync(
            new
            {
                status = report.Status == HealthStatus.Healthy ? "ready" : "notReady",
                checks = report.Entries.ToDictionary(
                    entry => entry.Key,
                    entry => new { status = entry.Value.Status.ToString().ToLowerInvariant(), detail = told ? DetailOf(entry.Value) : null }),
            },
            RequestJson.Options);
    }

    /// <summary>A check that was given up has an exception and no words of its own.</summary>
    private static string? DetailOf(HealthReportEntry entry) =>
        entry.Exception is OperationCanceledException or TimeoutException ? $"no answer within {Patience.TotalSeconds:0} s" : entry.Description;
}
