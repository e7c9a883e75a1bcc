using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace OtpActors.Tests.CommandLine.Services;

/// <summary>Notes which operations of a service were called, as the API's description names them: <c>GET /api/runs/{id}</c>.</summary>
internal sealed class CalledOperations : IStartupFilter
{
    private readonly ConcurrentQueue<string> _called = new();

    /// <summary>Those since the last time.</summary>
    public IReadOnlyList<string> Take()
    {
        var taken = new List<string>();
        while (_called.TryDequeue(out var operation))
        {
            taken.Add(operation);
        }

        return taken;
    }

    public void Into(IServiceCollection services) => services.AddSingleton<IStartupFilter>(this);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (HttpContext context, RequestDelegate rest) =>
        {
            await rest(context);
            if (context.GetEndpoint() is RouteEndpoint endpoint && context.Response.StatusCode < 400)
            {
                _called.Enqueue($"{context.Request.Method} /{endpoint.RoutePattern.RawText!.Trim('/')}");
            }
        });
        next(app);
    };
}
