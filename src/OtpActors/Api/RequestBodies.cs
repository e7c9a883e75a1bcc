using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace OtpActors.Api;

/// <summary>What holds for every body, whoever would read it.</summary>
internal static class RequestBodies
{
    public static void UseBodyRules(this WebApplication app, HttpOptions options) => app.Use((context, next) =>
    {
        if (context.Request.ContentLength > options.MaxBodyBytes)
        {
            // Where nobody reads a body that is too large by its own word, the server answers and ends the connection
            // without a word, under the caller's next request.
            context.Response.OnStarting(static response =>
            {
                ((HttpResponse)response).Headers.Connection = "close";
                return Task.CompletedTask;
            }, context.Response);
            throw ApiProblemException.BodyTooLarge();
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            CheckForm(context);
        }

        return next(context);
    });

    /// <summary>JSON is UTF-8 (RFC 8259 §8.1), and nothing here unpacks: RFC 9110 §15.5.16 has the caller told what would do.</summary>
    /// <exception cref="ApiProblemException">It is compressed, or in other characters.</exception>
    private static void CheckForm(HttpContext context)
    {
        var encodings = context.Request.Headers.ContentEncoding.SelectMany(each => (each ?? "").Split(',', StringSplitOptions.TrimEntries));
        if (encodings.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiProblemException(
                StatusCodes.Status415UnsupportedMediaType, "unknown_encoding", "The body is compressed, which is not taken here.", "Content-Encoding",
                "Send it as it is, without Content-Encoding.")
            {
                Header = ("Accept-Encoding", "identity"),
            };
        }

        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type))
        {
            return;
        }

        var charsets = type.Parameters.Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase)).ToList();
        if (charsets.Any(charset => !HeaderUtilities.RemoveQuotes(charset.Value).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ApiProblemException(
                StatusCodes.Status415UnsupportedMediaType, "unknown_charset", "The body is said to be in other characters than UTF-8.", "Content-Type",
                "Send UTF-8: Content-Type: application/json.");
        }

        if (charsets.Count > 0)
        {
            context.Request.ContentType = type.MediaType.ToString(); // what reads the body stumbles over quotes: charset="utf-8"
        }
    }
}
