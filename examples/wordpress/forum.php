<?php
/**
 * Plugin Name: Discussion
 * Description: Puts a discussion below each post, and numbers of comments where posts are listed.
 *
 * Requires at least: 6.3
 * Requires PHP: 7.4
 *
 * Copy this file to wp-content/mu-plugins/. Two settings, in wp-config.php:
 *   define('FORUM_TALK', 'https://talk.example');   where the discussion runs, without a slash at the end
 *   define('FORUM_SITE', 'https://host.example');   this site, as it is written in the discussion's list of origins
 * To let people comment with the account that they have here, make a key (HS256) in the discussion's site settings, with FORUM_SITE as the issuer, and add
 *   define('FORUM_KEY_ID', '…');
 *   define('FORUM_KEY', '…');
 * and below this file's code, if this site makes sure that an address is its member's (WordPress does, by the mail in which they choose a password)
 *   add_filter('forum_email_verified', '__return_true');
 */

defined('FORUM_TALK') || define('FORUM_TALK', 'https://talk.example');
defined('FORUM_SITE') || define('FORUM_SITE', 'https://host.example');
defined('FORUM_KEY_ID') || define('FORUM_KEY_ID', '');
defined('FORUM_KEY') || define('FORUM_KEY', '');

/** Return the place of a discussion; the link in it stays where no script runs. */
function forum_placeholder(string $url, string $title, string $token = ''): string
{
    return sprintf(
        '<div data-forum-article="%s" data-forum-title="%s"%s style="min-height:100vh"><a href="%s">%s</a></div>',
        esc_url($url),
        esc_attr($title),
        $token === '' ? '' : ' data-forum-token="' . esc_attr($token) . '"',
        esc_url(FORUM_TALK . '/at?url=' . rawurlencode($url)),
        esc_html__('Join the discussion')
    );
}

/** Return the place of a number of comments: for a theme's lists, <?php echo forum_count(get_permalink()); ?>. */
function forum_count(string $url): string
{
    return '<span data-forum-count="' . esc_url($url) . '"></span>';
}

/** Return a token that says who is signed in here: good once, for five minutes (JSON Web Token, RFC 7519, signed with HS256). */
function forum_token(string $id, string $name, string $email, int $now): string
{
    $head = ['typ' => 'JWT', 'alg' => 'HS256', 'kid' => FORUM_KEY_ID];
    $claims = [
        'iss' => FORUM_SITE,
        'aud' => FORUM_TALK,
        'sub' => $id,
        'iat' => $now,
        'exp' => $now + 300,
        'jti' => bin2hex(random_bytes(16)),
        'user' => ['name' => $name, 'email' => $email, 'email_verified' => true],
    ];
    $encode = fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $signed = $encode(json_encode($head, JSON_THROW_ON_ERROR)) . '.' . $encode(json_encode($claims, JSON_THROW_ON_ERROR));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, FORUM_KEY, true));
}

/** Return the token of whoever is signed in; empty for a visitor, without a key, and where nobody has said that addresses are made sure of. */
function forum_token_of_visitor(): string
{
    if (FORUM_KEY === '' || !is_user_logged_in()) {
        return '';
    }
    $user = wp_get_current_user();
    // Whoever has an address here can ask for the account that has it there.
    if (!apply_filters('forum_email_verified', false, $user)) {
        return '';
    }
    return forum_token((string) $user->ID, $user->display_name, $user->user_email, time());
}

add_filter('the_content', function (string $content): string {
    if (!is_singular('post') || !in_the_loop() || !is_main_query()) {
        return $content;
    }
    return $content . forum_placeholder(get_permalink(), wp_strip_all_tags(get_the_title()), forum_token_of_visitor());
});

add_action('wp_enqueue_scripts', function (): void {
    $script = is_singular('post') ? '/embed.js' : '/embed/counts.js';
    wp_enqueue_script('forum', FORUM_TALK . $script, [], null, ['strategy' => 'async', 'in_footer' => true]);
});

// The address of a comment, pasted into a post, becomes a quotation of it (oEmbed).
add_action('init', function (): void {
    wp_oembed_add_provider(FORUM_TALK . '/*', FORUM_TALK . '/oembed');
});

// One discussion a post: WordPress's own form stays away, comments that are there stay in its database.
add_filter('comments_open', '__return_false');
