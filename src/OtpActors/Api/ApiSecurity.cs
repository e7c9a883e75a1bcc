using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace OtpActors.Api;

/// <summary>Who a caller is and what it may do. Keys are compared by their digests, in constant time.</summary>
internal static class ApiSecurity
{
    public const string SchemeName = "ApiKey";

    /// <summary>Tells of each request without a valid key; <see cref="RefusedKeys"/> counts them instead.</summary>
    public static readonly string LogCategory = typeof(ApiKeyHandler).FullName!;

    private const string ScopeClaim = "scope";

    private static readonly HashSet<string> SafeMethods = ["GET", "HEAD", "OPTIONS"];

    public static void AddApiSecurity(this IServiceCollection services, HttpOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<LocalCaller>();
        services.AddHostedService<ServiceFilePublisher>();
        services.AddWebEncoders();
        services.AddAuthenticationCore(authentication => // and no more: keys of data protection are not needed, nor kept anywhere
        {
            authentication.AddScheme<ApiKeyHandler>(SchemeName, null);
            authentication.DefaultScheme = SchemeName;
        });
        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in Enum.GetValues<ApiScope>())
        {
            authorization.AddPolicy(scope.ToString(), policy => policy.RequireClaim(ScopeClaim, scope.ToString()));
        }

        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireClaim(ScopeClaim, nameof(ApiScope.Read)).Build());
    }

    /// <summary>Only callers with the scope get through.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, ApiScope scope)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(scope.ToString());

    public static bool Has(this ClaimsPrincipal caller, ApiScope scope) => caller.HasClaim(ScopeClaim, scope.ToString());

    /// <summary>Set when an answer starts, since an error's answer begins with no headers.</summary>
    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(static state =>
        {
            Secure(((HttpResponse)state).Headers);
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    });

    private static void Secure(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy =
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'";
    }

    /// <summary>
    /// A page of another site cannot use a person's browser to change anything here. <see cref="AllowedHosts"/> comes before:
    /// a page under a name that was made to lead here would be of the same site.
    /// </summary>
    public static void UseSameSite(this WebApplication app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        var crossSite = request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
            || (request.Headers.Origin.ToString() is { Length: > 0 } origin && origin != $"{request.Scheme}://{request.Host}");
        if (crossSite && !SafeMethods.Contains(request.Method))
        {
            throw new ApiProblemException(403, "cross_site", "Pages of other sites may not do this.", "Origin");
        }

        await next(context);
    });

    /// <summary><c>Authorization: Bearer KEY</c> or <c>X-Api-Key: KEY</c>.</summary>
    private sealed class ApiKeyHandler(
        IOptionsMonitor<AuthenticationSchemeOptions> monitor, ILoggerFactory logs, UrlEncoder encoder, HttpOptions options,
        RefusedKeys refused, LocalCaller local)
        : AuthenticationHandler<AuthenticationSchemeOptions>(monitor, logs, encoder)
    {
        private const string Bearer = "Bearer ";

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var authorization = Request.Headers.Authorization.ToString();
            var key = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
                ? authorization[Bearer.Length..].Trim()
                : Request.Headers["X-Api-Key"].ToString();
            if (key.Length == 0)
            {
                var anonymous = options.AllowAnonymous || options is { IsLoopback: true, ApiKeys.Count: 0 };
                return Task.FromResult(anonymous ? Caller(null, [ApiScope.Read, ApiScope.Operate]) : AuthenticateResult.NoResult());
            }

            var digest = SHA256.HashData(Encoding.UTF8.GetBytes(key));
            ApiKeyOptions? caller = null;
            foreach (var known in options.ApiKeys)
            {
                // All are looked at, however early one fits: how long it takes tells nothing.
                caller = CryptographicOperations.FixedTimeEquals(Convert.FromHexString(known.Sha256), digest) ? known : caller;
            }

            if (local.Is(digest, Context.Connection))
            {
                return Task.FromResult(Caller(LocalCaller.Name, Enum.GetValues<ApiScope>()));
            }

            if (caller is null)
            {
                refused.Note((Context.Connection.RemoteIpAddress ?? IPAddress.None).ToString());
                return Task.FromResult(AuthenticateResult.Fail("The key is unknown."));
            }

            return Task.FromResult(Caller(caller.Name, caller.Scopes.Count == 0 ? [ApiScope.Read] : caller.Scopes));
        }

        /// <summary>RFC 9110 §11.6.1: who asks for a key says which kind.</summary>
        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.Headers.WWWAuthenticate = "Bearer";
            return base.HandleChallengeAsync(properties);
        }

        private static AuthenticateResult Caller(string? name, IEnumerable<ApiScope> scopes)
        {
            var identity = new ClaimsIdentity(scopes.Select(scope => new Claim(ScopeClaim, scope.ToString())), SchemeName);
            if (name is not null)
            {
                identity.AddClaim(new Claim(ClaimTypes.Name, name));
            }

            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
        }
    }
}
