using Microsoft.Extensions.Diagnostics.HealthChecks;
using OtpActors.Api;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Stores;

namespace OtpActors.Health;

/// <summary>
/// <c>/healthz/live</c>: the process answers, whatever its servers do. <c>/healthz/ready</c>: topic, stores, journal and data
/// directory answer and the sinks get on; 503 if not. Details are for callers who may read. Neither is rate-limited.
/// </summary>
internal static class HealthHosting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static void AddHealth(this IServiceCollection services)
    {
        var checks = services.AddHealthChecks();
        Add("topic", Make<TopicCheck>);
        foreach (var store in StepId.Stores)
        {
            Add(store, sp => new StoreCheck(sp.GetServices<IOtpStore>().Single(s => s.Name == store)));
        }

        Add("journal", Make<JournalCheck>);
        Add("data", Make<DataCheck>);
        Add("runs", Make<HeldStepsCheck>);
        Add("sinks", Make<SinksCheck>);
        services.AddSingleton<Readiness>();

        void Add(string name, Func<IServiceProvider, IHealthCheck> make)
        {
            SentenceCheck? check = null;
            checks.Add(new HealthCheckRegistration(name, sp => check ??= new SentenceCheck(make(sp), Patience), null, null));
        }
    }

    public static void MapHealth(this WebApplication app)
    {
        app.MapGet("/healthz/live", () => TypedResults.Ok(new HealthDocument(HealthDocument.Live))).AllowAnonymous().DisableRateLimiting().ExcludeFromDescription();
        app.MapGet("/healthz/ready", WriteAsync).AllowAnonymous().DisableRateLimiting().ExcludeFromDescription();
    }

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);

    private static async Task WriteAsync(HttpContext context, Readiness readiness)
    {
        var report = await readiness.ReportAsync();
        var told = context.User.Has(ApiScope.Read);
        context.Response.StatusCode = report.Status == HealthStatus.Healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsJsonAsync(
            new HealthDocument(
                report.Status == HealthStatus.Healthy ? HealthDocument.Ready : HealthDocument.NotReady,
                report.Entries.ToDictionary(
                    entry => entry.Key,
                    entry => new HealthDocument.Check(entry.Value.Status.ToString().ToLowerInvariant(), told ? entry.Value.Description : null))),
            RequestJson.Options);
    }
}
