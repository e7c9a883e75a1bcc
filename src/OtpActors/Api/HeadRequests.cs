using Microsoft.Extensions.Primitives;

namespace OtpActors.Api;

/// <summary>HEAD wherever GET is (RFC 9110 §9.3.2): it is dealt with as GET, and the server sends the head of the answer alone.</summary>
internal static class HeadRequests
{
    private const string Head = "HEAD";

    public static void UseHead(this WebApplication app) => app.Use(async (context, next) =>
    {
        context.Response.OnStarting(static response => AllowHead(((HttpResponse)response).Headers), context.Response);
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Items[Head] = true;
        context.Request.Method = HttpMethods.Get;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head; // for those outside, who count requests by method
        }
    });

    /// <summary>Whether nobody will see the answer's body.</summary>
    public static bool IsHead(this HttpContext context) => context.Items.ContainsKey(Head);

    private static Task AllowHead(IHeaderDictionary headers)
    {
        var allowed = headers.Allow.SelectMany(each => (each ?? "").Split(',', StringSplitOptions.TrimEntries)).ToList();
        if (allowed.Contains(HttpMethods.Get) && !allowed.Contains(HttpMethods.Head))
        {
            headers.Allow = new StringValues(string.Join(", ", allowed.Append(HttpMethods.Head)));
        }

        return Task.CompletedTask;
    }
}
